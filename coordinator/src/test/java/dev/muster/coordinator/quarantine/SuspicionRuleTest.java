package dev.muster.coordinator.quarantine;

import static dev.muster.store.Suspicion.Standing.CONVICTED;
import static dev.muster.store.Suspicion.Standing.NOTED;
import static dev.muster.store.Suspicion.Standing.SUSPECTED;
import static org.assertj.core.api.Assertions.assertThat;

import dev.muster.fleet.Incarnation;
import dev.muster.job.JobId;
import dev.muster.store.Suspicion;
import dev.muster.store.Suspicion.InFlight;
import dev.muster.store.Suspicion.Judged;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class SuspicionRuleTest {
    private static final Incarnation WORKER = new Incarnation("worker-1.7");
    private static final Incarnation QUARANTINE = new Incarnation("worker-quarantine.2");

    @Test
    void one_death_only_notes_who_was_in_flight() {
        assertThat(judge(Blame.A_JOB, WORKER, fresh("a"), fresh("b")))
                .extracting(Judged::suspicion)
                .containsExactly(new Suspicion(NOTED, 1, 0, 0), new Suspicion(NOTED, 1, 0, 0));
    }

    @Test
    void who_was_in_flight_in_two_deaths_in_a_row_is_a_suspect_and_the_others_are_not() {
        List<Judged> judged = judge(Blame.A_JOB, WORKER, known("a", NOTED, 1, 0), fresh("b"));

        assertThat(judged)
                .extracting(Judged::suspicion)
                .containsExactly(new Suspicion(SUSPECTED, 2, 0, 0), new Suspicion(NOTED, 1, 0, 0));
        assertThat(judged).allSatisfy(job -> assertThat(job.summary()).isEmpty());
    }

    /** The kernel or a person may have done it, and does it again to whoever runs there next. */
    @Test
    void where_the_last_worker_was_killed_it_takes_three() {
        assertThat(judge(Blame.PERHAPS_A_JOB, WORKER, known("a", NOTED, 1, 0), known("b", NOTED, 2, 0)))
                .extracting(Judged::suspicion)
                .containsExactly(new Suspicion(NOTED, 2, 0, 0), new Suspicion(SUSPECTED, 3, 0, 0));
        assertThat(judge(Blame.A_JOB, WORKER, known("a", NOTED, 1, 0)))
                .as("killed, then ended by itself")
                .extracting(Judged::suspicion)
                .containsExactly(new Suspicion(SUSPECTED, 2, 0, 0));
    }

    @Test
    void a_death_that_blames_nobody_says_nothing_of_anybody() {
        assertThat(judge(Blame.NOBODY, WORKER, known("a", NOTED, 1, 0))).isEmpty();
        assertThat(judge(Blame.NOBODY, QUARANTINE, lent("a", true, 2, 0))).isEmpty();
    }

    /** A 5 s job on workers that are killed every 2 s: in flight in ever so many deaths, and never alone. */
    @Test
    void no_number_of_deaths_outside_of_quarantine_convicts() {
        assertThat(judge(Blame.A_JOB, WORKER, known("a", NOTED, 40, 0)))
                .extracting(job -> job.suspicion().standing())
                .containsExactly(SUSPECTED);
    }

    @Test
    void a_death_alone_in_quarantine_convicts_and_names_the_culprit() {
        List<Judged> judged = judge(Blame.A_JOB, QUARANTINE, lent("a", true, 2, 0));

        assertThat(judged).singleElement().satisfies(job -> {
            assertThat(job.suspicion()).isEqualTo(new Suspicion(CONVICTED, 3, 2, 1));
            assertThat(job.summary())
                    .hasValueSatisfying(text -> assertThat(text)
                            .startsWith("Job " + id("a") + " (test, queue q) killed its worker 3 times")
                            .contains("alone in quarantine, with exit code 77"));
        });
    }

    @Test
    void a_kill_alone_in_quarantine_convicts_the_second_time() {
        assertThat(judge(Blame.PERHAPS_A_JOB, QUARANTINE, lent("a", true, 2, 0)))
                .extracting(Judged::suspicion)
                .containsExactly(new Suspicion(SUSPECTED, 3, 1, 1));
        assertThat(judge(Blame.PERHAPS_A_JOB, QUARANTINE, lent("a", true, 3, 1)))
                .extracting(Judged::suspicion)
                .containsExactly(new Suspicion(CONVICTED, 4, 2, 1));
    }

    @Test
    void who_died_in_company_is_as_suspect_as_before_and_it_is_known_with_how_many() {
        assertThat(judge(Blame.A_JOB, QUARANTINE, lent("a", true, 2, 0), lent("b", true, 2, 0), lent("c", true, 3, 0)))
                .extracting(Judged::suspicion)
                .containsExactly(
                        new Suspicion(SUSPECTED, 3, 0, 3),
                        new Suspicion(SUSPECTED, 3, 0, 3),
                        new Suspicion(SUSPECTED, 4, 0, 3));
    }

    /** Such as a worker that can't even start, or others that wait for their turn. */
    @Test
    void whose_handler_was_not_entered_was_not_there() {
        assertThat(judge(Blame.A_JOB, QUARANTINE, lent("a", false, 2, 0))).isEmpty();
        assertThat(judge(Blame.A_JOB, QUARANTINE, lent("a", true, 2, 0), lent("b", false, 2, 0)))
                .extracting(Judged::id, job -> job.suspicion().standing())
                .containsExactly(org.assertj.core.api.Assertions.tuple(id("a"), CONVICTED));
    }

    private static List<Judged> judge(Blame blame, Incarnation dead, InFlight... jobs) {
        return SuspicionRule.judge(blame, dead, "default", "exit code 77", List.of(jobs))
                .jobs();
    }

    private static InFlight fresh(String name) {
        return new InFlight(id(name), 1, "q", "test", false, Optional.empty(), Optional.empty());
    }

    private static InFlight known(String name, Suspicion.Standing standing, int deaths, int weight) {
        Suspicion before = new Suspicion(standing, deaths, weight, 0);
        return new InFlight(id(name), deaths + 1, "q", "test", false, Optional.of(before), Optional.empty());
    }

    private static InFlight lent(String name, boolean entered, int deaths, int weight) {
        Suspicion before = new Suspicion(SUSPECTED, deaths, weight, 0);
        return new InFlight(id(name), deaths + 1, "q", "test", entered, Optional.of(before), Optional.of(QUARANTINE));
    }

    private static JobId id(String name) {
        return JobId.of("test", name);
    }
}
