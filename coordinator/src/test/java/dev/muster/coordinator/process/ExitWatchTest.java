package dev.muster.coordinator.process;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

/** With a process that is not this one's child: a shell has started it and has ended. */
@EnabledOnOs({OS.LINUX, OS.MAC})
class ExitWatchTest {
    private ProcessHandle orphan;

    @BeforeEach
    void startOrphan() throws Exception {
        Process shell = new ProcessBuilder("sh", "-c", "sleep 600 >/dev/null 2>&1 & echo $!").start();
        try (BufferedReader reader = shell.inputReader()) {
            orphan = ProcessHandle.of(Long.parseLong(reader.readLine().strip())).orElseThrow();
        }
        shell.waitFor();
    }

    @AfterEach
    void killOrphan() {
        orphan.destroyForcibly();
    }

    @Test
    void the_end_of_a_process_that_is_no_child_is_told() throws Exception {
        CompletableFuture<Boolean> ended = ExitWatch.of(orphan);
        assertThat(ended).isNotDone();

        orphan.destroyForcibly();

        assertThat(ended.get(20, TimeUnit.SECONDS)).isTrue();
        assertThat(LocalHost.isAlive(orphan)).isFalse();
    }

    @Test
    void without_a_pidfd_it_is_looked_at() throws Exception {
        CompletableFuture<Boolean> ended = new CompletableFuture<>();
        ExitWatch.look(orphan, ended);
        assertThat(ended).isNotDone();

        orphan.destroyForcibly();

        assertThat(ended.get(20, TimeUnit.SECONDS)).isTrue();
    }

    @Test
    @EnabledOnOs(OS.LINUX)
    void linux_tells_it_by_a_pidfd() {
        Optional<PidFd> opened = PidFd.open(orphan.pid());
        assertThat(opened).isPresent();

        orphan.destroyForcibly();

        try (PidFd fd = opened.get()) {
            assertThat(fd.awaitExit()).isTrue();
        }
    }

    @Test
    void one_that_has_ended_before_is_told_at_once() throws Exception {
        orphan.destroyForcibly();
        CompletableFuture<Boolean> ended = new CompletableFuture<>();
        ExitWatch.look(orphan, ended);
        ended.get(20, TimeUnit.SECONDS);

        assertThat(ExitWatch.of(orphan).get(20, TimeUnit.SECONDS)).isTrue();
    }
}
