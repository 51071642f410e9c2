package dev.muster.worker;

import static org.assertj.core.api.Assertions.assertThat;

import dev.muster.supervision.ExitReason;
import dev.muster.supervision.runtime.SupervisionEvent;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class LastBreakdownTest {
    private final List<SupervisionEvent> passedOn = new ArrayList<>();
    private final List<String> gaveUp = new ArrayList<>();
    private final LastBreakdown log = new LastBreakdown("worker", passedOn::add, gaveUp::add);

    @Test
    void when_the_root_gives_up_the_reason_names_the_part_and_what_broke_in_it() {
        log.accept(exited("worker/store", "lane-0", new ExitReason.Crash("bang"), false));
        log.accept(exited("worker", "store", new ExitReason.Shutdown(), false));

        log.accept(new SupervisionEvent.Escalated("worker", "store"));

        assertThat(gaveUp).containsExactly("store broke down too often, the last time by worker/store/lane-0: bang");
        assertThat(passedOn).hasSize(3);
    }

    @Test
    void a_supervisor_below_the_root_that_gives_up_ends_nothing() {
        log.accept(new SupervisionEvent.Escalated("worker/store", "trust"));

        assertThat(gaveUp).isEmpty();
    }

    @Test
    void somebody_who_breaks_on_an_event_does_not_break_the_supervisor() {
        LastBreakdown other = new LastBreakdown(
                "worker",
                event -> {
                    throw new IllegalStateException("full");
                },
                gaveUp::add);

        other.accept(new SupervisionEvent.Escalated("worker", "store"));

        assertThat(gaveUp).hasSize(1);
    }

    @Test
    void what_was_stopped_did_not_break() {
        log.accept(new SupervisionEvent.StartFailed("worker", "intake", new ExitReason.Crash("no broker")));
        log.accept(exited("worker", "heartbeat", new ExitReason.Killed(), true));

        log.accept(new SupervisionEvent.Escalated("worker", "intake"));

        assertThat(gaveUp).containsExactly("intake broke down too often, the last time by worker/intake: no broker");
    }

    private static SupervisionEvent exited(String path, String child, ExitReason reason, boolean stopped) {
        return new SupervisionEvent.Exited(path, child, 1, reason, stopped, Duration.ofSeconds(1), Optional.empty());
    }
}
