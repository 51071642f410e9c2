package dev.muster.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.EnumSet;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * That the simulation finds bugs: with a guard switched off, some seed breaks the rule which that guard stands for.
 * Guards whose absence nothing shows are spare, each for a reason that docs/simulation.md gives.
 */
final class GuardsTest {
    /** Seeds that are tried at most; most guards are missed within twenty. */
    private static final long MOST = 3_000;

    @BeforeAll
    static void quiet() {
        Seeds.quiet();
    }

    /** Switched off together, and the rule that breaks then. */
    record Missed(Set<Guard> off, String rule) {}

    static Stream<Missed> missed() {
        return Stream.of(
                missed("a final job never runs again", Guard.CLAIM_POSITION),
                missed("all that was submitted ends", Guard.TAKE_OVER_EPOCH),
                missed("", Guard.SETTLE_ATTEMPT),
                missed("", Guard.BEGIN_AGAIN_ATTEMPT),
                missed("no two runs of a job in live workers", Guard.ADOPT_FENCED),
                missed("nobody fences the healthy", Guard.FENCE_ABSENT),
                missed("nobody fences the healthy", Guard.DRAIN_LEASE),
                missed("all that was submitted ends", Guard.SCAN),
                missed("all that was submitted ends", Guard.CENSUS),
                missed("a final job never runs again", Guard.IDENTITY),
                missed("order per key", Guard.KEY_OF_TABLE),
                missed("order per key", Guard.GROUP_FIRST),
                missed("money moves only for jobs that succeed", Guard.OPEN_CALL),
                missed("no call is made by who was fenced", Guard.TRUST_WINDOW),
                missed("nobody fences the healthy", Guard.MASS_HOLD),
                missed("nobody fences the healthy", Guard.TWO_FACTS));
    }

    private static Missed missed(String rule, Guard... off) {
        return new Missed(EnumSet.of(off[0], off), rule);
    }

    @ParameterizedTest
    @MethodSource("missed")
    void a_guard_that_is_switched_off_is_missed(Missed guard) throws Exception {
        assertThat(Seeds.firstBroken(MOST, guard.off(), guard.rule()))
                .as("a seed in which it is missed")
                .isNotEmpty();
    }

    @Test
    void nothing_breaks_in_those_seeds_with_every_guard_in_place() throws Exception {
        assertThat(Seeds.firstBroken(200, EnumSet.noneOf(Guard.class), "")).isEmpty();
    }
}
