package dev.muster.embedded;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

@EnabledOnOs(OS.LINUX)
class ProcessesTest {
    private static final String NAME = "MUSTER_PROCESSES_TEST";

    private final String value = UUID.randomUUID().toString();
    private final Process process = start(value);
    /** One whose value only begins like that. */
    private final Process other = start(value + "-2");

    @AfterEach
    void end() {
        process.destroyForcibly();
        other.destroyForcibly();
    }

    @Test
    void a_process_is_found_by_what_it_was_started_with() {
        assertThat(Processes.withEnvironment(NAME, value)).containsExactly(process.toHandle());
    }

    @Test
    void a_killed_process_is_gone_when_the_call_returns_and_is_not_found_any_more() {
        Processes.kill(List.of(process.toHandle()));

        assertThat(Processes.awaitEnd(List.of(process.toHandle()), Duration.ZERO))
                .isTrue();
        assertThat(Processes.withEnvironment(NAME, value)).isEmpty();
    }

    @Test
    void the_wait_for_one_that_runs_on_ends_with_its_limit() {
        assertThat(Processes.awaitEnd(List.of(process.toHandle()), Duration.ofMillis(50)))
                .isFalse();
    }

    private static Process start(String value) {
        ProcessBuilder builder = new ProcessBuilder("sleep", "600");
        builder.environment().put(NAME, value);
        try {
            return builder.start();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
