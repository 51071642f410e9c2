package dev.muster.local.drill;

import static org.assertj.core.api.Assertions.assertThat;

import dev.muster.protocol.Json;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class FaultReportTest {
    @Test
    void an_exceeded_bound_fails_and_says_by_how_much() {
        FaultReport report = report(List.of(Map.of(Figure.ALL_RUNNING, 300L), Map.of(Figure.ALL_RUNNING, 1_250L)));

        assertThat(report.isOk()).isFalse();
        assertThat(report.complaints())
                .containsExactly("all_running_ms is 1,250 ms (p99), 250 ms above its bound of 1,000 ms");
    }

    @Test
    void the_verdict_names_the_books_and_what_is_wrong() {
        assertThat(report(List.of(Map.of(Figure.ALL_RUNNING, 300L))).verdict())
                .isEqualTo("ok: 0 lost, 0 duplicates, 0 out of order");
        assertThat(report(List.of(Map.of(Figure.ALL_RUNNING, 1_250L))).verdict())
                .isEqualTo("FAILED: 0 lost, 0 duplicates, 0 out of order;"
                        + " all_running_ms is 1,250 ms (p99), 250 ms above its bound of 1,000 ms");
    }

    @Test
    void a_stretched_bound_is_the_one_that_has_to_hold() {
        List<Bound> twice = FaultKind.KILL9.bounds().stream()
                .map(bound -> bound.stretched(2))
                .toList();

        assertThat(report(List.of(Map.of(Figure.ALL_RUNNING, 1_999L)), twice).isOk())
                .isTrue();
        assertThat(report(List.of(Map.of(Figure.ALL_RUNNING, 2_010L)), twice).complaints())
                .containsExactly("all_running_ms is 2,010 ms (p99), 10 ms above its bound of 2,000 ms");
    }

    @Test
    void a_bound_of_which_nothing_was_measured_fails() {
        assertThat(report(List.of(Map.of())).complaints())
                .containsExactly("all_running_ms was not measured, so the bound proves nothing");
    }

    @Test
    void a_violation_fails_although_the_bounds_hold() {
        FaultReport report = new FaultReport(
                FaultKind.KILL9,
                1,
                FaultKind.KILL9.bounds(),
                List.of(new RoundResult(Map.of(Figure.ALL_RUNNING, 300L), 2, List.of("w-2.1 ended"), List.of())),
                List.of(),
                List.of());

        assertThat(report.complaints()).containsExactly("round 1: w-2.1 ended");
    }

    @Test
    void json_has_the_keys_that_scripts_rely_on() {
        FaultReport report = report(
                List.of(Map.of(Figure.DETECT, 5L, Figure.FENCE, 9L, Figure.RECOVERY, 100L, Figure.ALL_RUNNING, 300L)));

        assertThat(Json.MAPPER.writeValueAsString(new DrillReport(List.of(report), 1.5).json()))
                .isEqualTo("{\"bounds_factor\":1.5,\"faults\":[{\"fault\":\"kill9\",\"rounds\":1,"
                        + "\"detect_ms\":{\"p50\":5,\"p99\":5,\"max\":5},"
                        + "\"fence_ms\":{\"p50\":9,\"p99\":9,\"max\":9},\"reassign_ms\":null,"
                        + "\"recovery_ms\":{\"p50\":100,\"p99\":100,\"max\":100},"
                        + "\"all_running_ms\":{\"p50\":300,\"p99\":300,\"max\":300},\"backlog_ms\":null,"
                        + "\"resume_ms\":null,\"back_ms\":null,\"convicted_ms\":null,\"wait_ms\":null,\"interrupted\":2,\"lost\":0,"
                        + "\"duplicates\":0,\"order_violations\":0,\"audit\":\"ok\",\"complaints\":[]}]}");
    }

    private static FaultReport report(List<Map<Figure, Long>> rounds) {
        return report(rounds, FaultKind.KILL9.bounds());
    }

    private static FaultReport report(List<Map<Figure, Long>> rounds, List<Bound> bounds) {
        return new FaultReport(
                FaultKind.KILL9,
                rounds.size(),
                bounds,
                rounds.stream()
                        .map(figures -> new RoundResult(figures, 2, List.of(), List.of()))
                        .toList(),
                List.of(),
                List.of());
    }
}
