package dev.muster.local.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.muster.local.Console;
import dev.muster.protocol.Json;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** One fault, once; whether its bound holds is for machines that do nothing else. */
final class DrillCommandIT {
    @TempDir
    private Path folder = Path.of("");

    @Test
    void a_killed_workers_jobs_are_followed_until_they_run_elsewhere() throws IOException {
        Path json = folder.resolve("drill.json");
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        Console console = new Console(new PrintStream(out, true, UTF_8), new PrintStream(out, true, UTF_8), false);

        int code = MusterCommand.run(
                new String[] {"drill", "--fault", "kill9", "--rounds", "1", "--warm-up", "3s", "--json", json.toString()
                },
                console);

        assertThat(json).as(out.toString(UTF_8)).exists();
        JsonNode fault =
                Json.MAPPER.readTree(Files.readString(json)).path("faults").get(0);
        assertThat(fault.path("fault").stringValue()).isEqualTo("kill9");
        assertThat(List.of(fault.path("lost"), fault.path("duplicates"), fault.path("order_violations")))
                .allMatch(count -> count.intValue() == 0);
        assertThat(fault.path("interrupted").intValue()).isPositive();
        long detect = p50(fault, "detect_ms");
        assertThat(detect).isLessThanOrEqualTo(p50(fault, "fence_ms"));
        assertThat(p50(fault, "fence_ms")).isLessThanOrEqualTo(p50(fault, "recovery_ms"));
        assertThat(p50(fault, "recovery_ms")).isLessThanOrEqualTo(p50(fault, "all_running_ms"));
        assertThat(fault.path("complaints").valueStream().map(JsonNode::stringValue))
                .allMatch(complaint -> complaint.contains("above its bound"));
        assertThat(code).isEqualTo(fault.path("audit").stringValue().equals("ok") ? 0 : 1);
    }

    private static long p50(JsonNode fault, String figure) {
        JsonNode value = fault.path(figure).path("p50");
        assertThat(value.isNumber()).as("%s of %s", figure, fault).isTrue();
        return value.longValue();
    }
}
