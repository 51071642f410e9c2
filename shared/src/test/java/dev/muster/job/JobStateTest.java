package dev.muster.job;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.EnumSet;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

final class JobStateTest {

    @ParameterizedTest
    @EnumSource(JobState.class)
    void a_final_state_is_one_that_nothing_follows(JobState state) {
        assertThat(state.next().isEmpty()).isEqualTo(state.isFinal());
    }

    @ParameterizedTest
    @EnumSource(JobState.class)
    void every_state_can_be_reached_and_every_job_can_end(JobState state) {
        assertThat(reachable(JobState.initial())).contains(state);
        assertThat(reachable(Set.of(state))).anyMatch(JobState::isFinal);
    }

    /** The outcome of an open call is not known: nothing but another run may follow. */
    @Test
    void an_unknown_job_becomes_final_through_a_run_only() {
        assertThat(JobState.UNKNOWN.next()).noneMatch(JobState::isFinal);
    }

    @ParameterizedTest
    @EnumSource(JobState.class)
    void its_name_is_read_as_it_is_written(JobState state) {
        assertThat(JobState.parse(state.wireName())).isEqualTo(state);
        assertThat(state.wireName()).isLowerCase();
    }

    private static Set<JobState> reachable(Set<JobState> from) {
        EnumSet<JobState> seen = EnumSet.copyOf(from);
        boolean grown = true;
        while (grown) {
            grown = false;
            for (JobState state : EnumSet.copyOf(seen)) {
                grown |= seen.addAll(state.next());
            }
        }
        return seen;
    }
}
