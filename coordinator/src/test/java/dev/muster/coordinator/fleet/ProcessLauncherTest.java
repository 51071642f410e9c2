package dev.muster.coordinator.fleet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.muster.config.ConfigException;
import dev.muster.config.Settings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ProcessLauncherTest {

    @Test
    void words_are_separated_by_tabs_if_there_is_one_and_by_spaces_else() {
        assertThat(ProcessLauncher.words("java  -jar worker.jar")).containsExactly("java", "-jar", "worker.jar");
        assertThat(ProcessLauncher.words("/opt/my java\t-jar\tworker.jar"))
                .containsExactly("/opt/my java", "-jar", "worker.jar");
        assertThat(ProcessLauncher.words("")).isEmpty();
    }

    @Test
    void workers_are_named_after_their_pool() {
        assertThat(launcher(Map.of("muster.fleet.workers", "2")).workers()).containsExactly("worker-1", "worker-2");
        assertThat(launcher(Map.of("muster.fleet.workers", "1", "muster.worker.pool", "slow"))
                        .workers())
                .containsExactly("slow-1");
    }

    @Test
    void workers_without_a_command_are_a_mistake() {
        assertThatThrownBy(() -> ProcessLauncher.of(Settings.of(Map.of("muster.fleet.workers", "1"))))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("muster.fleet.command");
    }

    @Test
    void a_worker_may_have_settings_of_its_own(@TempDir Path folder) throws IOException {
        assertThat(ProcessLauncher.own(folder, "worker-1")).isEmpty();
        Files.writeString(folder.resolve("worker-1.properties"), "muster.worker.slots=8\n");
        assertThat(ProcessLauncher.own(folder, "worker-1")).containsExactly(Map.entry("MUSTER_WORKER_SLOTS", "8"));
        assertThat(ProcessLauncher.own(folder, "worker-2")).isEmpty();

        Files.writeString(folder.resolve("worker-1.properties"), "muster.worker.slotz=8\n");
        assertThatThrownBy(() -> ProcessLauncher.own(folder, "worker-1"))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("muster.worker.slotz");
    }

    private static ProcessLauncher launcher(Map<String, String> settings) {
        Map<String, String> all = new java.util.HashMap<>(settings);
        all.put("muster.fleet.command", "worker");
        return ProcessLauncher.of(Settings.of(all));
    }
}
