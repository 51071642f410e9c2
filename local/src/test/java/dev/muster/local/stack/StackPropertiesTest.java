package dev.muster.local.stack;

import static org.assertj.core.api.Assertions.assertThat;

import dev.muster.config.Setting;
import dev.muster.config.Settings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StackPropertiesTest {
    @TempDir
    private Path folder = Path.of("");

    @Test
    void what_was_written_is_read_again() {
        properties(ProcessHandle.current().pid()).write(folder);

        StackProperties read = StackProperties.read(folder).orElseThrow();

        assertThat(read.settings())
                .containsEntry("muster.kafka.bootstrap", "127.0.0.1:1")
                .containsEntry("muster.postgres.password", "secret")
                .doesNotContainKey(StackProperties.API_URL);
        assertThat(read.get(StackProperties.API_URL)).contains("http://api");
        assertThat(read.get("stack.pid.kafka")).contains("7");
        assertThat(read.isLive()).isTrue();
    }

    @Test
    void nobody_else_may_read_the_password() throws IOException {
        properties(1).write(folder);

        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(folder.resolve(StackProperties.FILE))))
                .isEqualTo("rw-------");
    }

    @Test
    void the_file_of_a_stack_that_was_killed_is_told_apart() {
        properties(Integer.MAX_VALUE).write(folder);

        assertThat(StackProperties.read(folder).orElseThrow().isLive()).isFalse();
    }

    @Test
    void no_file_is_no_stack() {
        assertThat(StackProperties.read(folder)).isEmpty();
    }

    private static StackProperties properties(long pid) {
        Settings settings = Settings.of(Map.of())
                .with(Setting.KAFKA_BOOTSTRAP, "127.0.0.1:1")
                .with(Setting.POSTGRES_PASSWORD, "secret");
        return StackProperties.of(settings, "http://api", "http://sandbox", pid, Map.of("kafka", 7L));
    }
}
