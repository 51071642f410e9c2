package dev.muster.embedded.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.muster.embedded.sandbox.FaultPlan.Kind;
import dev.muster.embedded.sandbox.FaultPlan.Latency;
import dev.muster.embedded.sandbox.FaultPlan.Outage;
import dev.muster.embedded.sandbox.FaultPlan.Rule;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class FaultsTest {

    @Test
    void hits_the_next_requests_and_no_more() {
        Faults faults = new Faults(FaultPlan.instant().withRule(Kind.HANG, Rule.next(2)), 1);

        assertThat(drawn(faults, 3)).containsExactly(Optional.of(Kind.HANG), Optional.of(Kind.HANG), Optional.empty());
    }

    @Test
    void the_same_seed_gives_the_same_faults() {
        FaultPlan plan = FaultPlan.instant().withRule(Kind.RESET_AFTER, Rule.withProbability(0.3));

        assertThat(drawn(new Faults(plan, 7), 100)).isEqualTo(drawn(new Faults(plan, 7), 100));
    }

    @Test
    void a_token_hits_once_per_key() {
        Faults faults = new Faults(FaultPlan.instant(), 1);

        assertThat(faults.forRequest("pm_sandbox_reset_before", "k")).hasValue(Kind.RESET_BEFORE);
        assertThat(faults.forRequest("pm_sandbox_reset_before", "k")).isEmpty();
        assertThat(faults.forRequest("pm_sandbox_reset_before", "other")).hasValue(Kind.RESET_BEFORE);
    }

    @Test
    void latency_stays_within_its_bounds() {
        Faults faults = new Faults(FaultPlan.instant().withLatency(new Latency(50, 52)), 1);

        assertThat(IntStream.range(0, 200).mapToObj(_ -> faults.latencyMillis()))
                .containsOnly(50L, 51L, 52L);
    }

    @Test
    void a_plan_survives_its_json_and_keeps_what_a_change_does_not_name() {
        FaultPlan plan = FaultPlan.healthy().withOutage(Outage.REFUSE).withRule(Kind.RATE_LIMIT, new Rule(0.5, 3));

        assertThat(FaultPlan.fromJson(plan.toJson())).isEqualTo(plan);
        assertThat(new FaultPlan.Change(new Latency(1, 2), null, null, null, null).applyTo(plan))
                .isEqualTo(plan.withLatency(new Latency(1, 2)));
    }

    @Test
    void refuses_a_rule_that_cannot_be() {
        assertThatThrownBy(() -> Rule.withProbability(1.5)).hasMessageContaining("1.5");
    }

    private static List<Optional<Kind>> drawn(Faults faults, int requests) {
        return IntStream.range(0, requests)
                .mapToObj(_ -> faults.forRequest("pm_card_visa", ""))
                .toList();
    }
}
