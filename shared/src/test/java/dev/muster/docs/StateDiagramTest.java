package dev.muster.docs;

import static org.assertj.core.api.Assertions.assertThat;

import dev.muster.job.JobState;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;

class StateDiagramTest {

    @Test
    void diagram_is_that_of_the_code() {
        GeneratedPage.verify("state-machines.md", page());
    }

    @Test
    void every_state_can_be_reached_and_left_for_a_final_one() {
        Set<JobState> reached = new HashSet<>(JobState.initial());
        while (reached.addAll(reached.stream().flatMap(s -> s.next().stream()).toList())) {
            // Goes on until nothing is added.
        }
        assertThat(reached).containsExactlyInAnyOrder(JobState.values());

        for (JobState state : JobState.values()) {
            Set<JobState> ahead = new HashSet<>(Set.of(state));
            while (ahead.addAll(ahead.stream().flatMap(s -> s.next().stream()).toList())) {
                // Goes on until nothing is added.
            }
            assertThat(ahead).as(state.wireName()).anyMatch(JobState::isFinal);
        }
    }

    @Test
    void a_final_state_is_one_without_a_next() {
        assertThat(JobState.values()).allMatch(s -> s.isFinal() == s.next().isEmpty());
    }

    private static String page() {
        StringBuilder text = new StringBuilder("""
                # States of a job

                Generated from `JobState`, which says in words what each state means; a test keeps this page true.
                `running` follows itself when a job is adopted from a worker that died. A record that can't be a job is
                stored as `dead` at once; one that is not wanted any more, or whose unique key is taken, as `cancelled`.

                ```mermaid
                stateDiagram-v2
                """);
        JobState.initial().stream().sorted().forEach(s -> arrow(text, "[*]", s.wireName()));
        for (JobState state : JobState.values()) {
            state.next().stream().sorted().forEach(next -> arrow(text, state.wireName(), next.wireName()));
        }
        Arrays.stream(JobState.values()).filter(JobState::isFinal).forEach(s -> arrow(text, s.wireName(), "[*]"));
        return text.append("```\n").toString();
    }

    private static void arrow(StringBuilder text, String from, String to) {
        text.append("    ").append(from).append(" --> ").append(to).append('\n');
    }
}
