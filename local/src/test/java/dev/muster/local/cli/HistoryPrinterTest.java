package dev.muster.local.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.muster.store.SupervisionStore.Happened;
import dev.muster.store.SupervisionStore.Kind;
import dev.muster.store.SupervisionStore.Subject;
import dev.muster.store.SupervisionStore.Why;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class HistoryPrinterTest {

    @Test
    void an_event_is_one_line_also_when_its_reason_has_several() {
        Happened crash = new Happened(
                Instant.parse("2026-03-02T08:00:00.123456Z"),
                "up",
                new Subject("local/servers", Optional.of("kafka"), Optional.of("3")),
                Kind.EXITED,
                new Why(Optional.of("crash"), Optional.of("exit code 137\nlast words")),
                Optional.of(Duration.ofMillis(61_500)));
        Happened end = new Happened(
                Instant.parse("2026-03-02T08:00:01Z"),
                "up",
                new Subject("local", Optional.empty(), Optional.empty()),
                Kind.ENDED,
                new Why(Optional.of("shutdown"), Optional.empty()),
                Optional.empty());

        List<String> lines = HistoryPrinter.table(List.of(end, crash));

        assertThat(lines).hasSize(3);
        assertThat(lines.get(0)).startsWith("AT").endsWith("REASON");
        assertThat(lines.get(1)).startsWith("2026-03-02T08:00:01Z").endsWith("shutdown");
        assertThat(lines.get(2))
                .startsWith("2026-03-02T08:00:00.123Z")
                .contains("local/servers", "kafka", "3", "exited", "61.500 s", "up")
                .endsWith("crash: exit code 137");
    }
}
