package dev.muster.embedded;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

@EnabledOnOs(OS.LINUX)
class ParentDeathIT {

    @Test
    void servers_end_with_a_killed_owner_and_its_successor_takes_over_the_data(@TempDir Path folder) throws Exception {
        List<String> command = new ArrayList<>(ChildJvm.java());
        command.addAll(List.of(StackOwner.class.getName(), folder.toString()));
        ChildProcess owner = ChildProcess.start(ChildProcess.Spec.of(command, folder.resolve("owner.log")));
        Awaitility.await()
                .atMost(Duration.ofSeconds(30))
                .pollInterval(Duration.ofMillis(50))
                .until(() -> Files.exists(folder.resolve("pids")) || !owner.alive());
        assertThat(owner.alive()).as("%s", owner.lastLines()).isTrue();
        List<ProcessHandle> children = Files.readAllLines(folder.resolve("pids")).stream()
                .flatMap(pid -> ProcessHandle.of(Long.parseLong(pid)).stream())
                .toList();
        assertThat(children).hasSize(2);

        owner.killHard();

        for (ProcessHandle child : children) {
            child.onExit().get(60, TimeUnit.SECONDS);
        }
        try (PostgresServer successor = new PostgresServer(PostgresServer.Config.in(folder))) {
            successor.start();
            assertThat(successor.running()).isTrue();
        }
    }
}
