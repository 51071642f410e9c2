package dev.muster.coordinator.process;

import static org.assertj.core.api.Assertions.assertThat;

import dev.muster.fleet.Incarnation;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ExitFileTest {
    private static final Incarnation ME = new Incarnation("worker-1.7");

    @Test
    void the_first_line_names_the_code_and_the_rest_is_the_reason() {
        assertThat(ExitFile.parse("FENCED\nits row is fenced\nby c-1\n"))
                .isEqualTo(new ExitFile(OptionalInt.of(3), "its row is fenced\nby c-1"));
    }

    @Test
    void what_is_no_code_is_a_reason() {
        assertThat(ExitFile.parse("broken")).isEqualTo(new ExitFile(OptionalInt.empty(), "broken"));
        assertThat(ExitFile.parse("")).isEqualTo(new ExitFile(OptionalInt.empty(), ""));
    }

    @Test
    void it_is_read_once(@TempDir Path folder) throws Exception {
        Path file = folder.resolve("worker-1.7.exit");
        Files.writeString(file, "NORMAL\ndrained\n");

        assertThat(ExitFile.take(folder, ME)).contains(new ExitFile(OptionalInt.of(0), "drained"));

        assertThat(file).doesNotExist();
        assertThat(ExitFile.take(folder, ME)).isEqualTo(Optional.empty());
    }

    @Test
    void the_code_that_the_operating_system_tells_goes_before_the_file(@TempDir Path folder) throws Exception {
        Files.writeString(folder.resolve("worker-1.7.exit"), "FAILED\nit broke\n");

        ExitReport report = LocalProcess.ended(ME, OptionalInt.of(137), folder);

        assertThat(report.code()).hasValue(137);
        assertThat(report.describe()).isEqualTo("exit code 137: it broke");
    }
}
