package dev.muster.local.drill;

import static org.assertj.core.api.Assertions.assertThat;

import dev.muster.job.JobId;
import dev.muster.job.JobState;
import dev.muster.local.trial.Evidence;
import dev.muster.protocol.Json;
import dev.muster.store.AuditReader.EndedRun;
import dev.muster.store.AuditReader.FinalJob;
import dev.muster.store.DrillReader.Life;
import dev.muster.store.DrillReader.Owner;
import dev.muster.store.DrillReader.Place;
import dev.muster.store.IncidentStore.Incident;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

class FiguresTest {
    private static final Instant START = Instant.parse("2026-11-27T12:00:00Z");
    private static final int FAULT = 10_000;
    private static final int END = 20_000;

    private final List<Owner> owners = new ArrayList<>();
    private final List<Life> lives = new ArrayList<>();
    private final List<Incident> incidents = new ArrayList<>();
    private final List<FinalJob> finals = new ArrayList<>();
    private final List<EndedRun> runs = new ArrayList<>();

    @Test
    void a_death_is_followed_from_detection_to_the_last_interrupted_job() {
        owners.add(owner(0, "w-1.1", 1_000));
        owners.add(owner(1, "w-1.1", 1_000));
        owners.add(owner(2, "w-2.1", 1_000));
        owners.add(owner(0, "w-2.1", FAULT + 150));
        owners.add(owner(1, "w-2.1", FAULT + 180));
        owners.add(owner(1, "w-1.2", FAULT + 2_000)); // a later rebalance is another story
        lives.add(life("w-1.1", Optional.of(FAULT + 40)));
        lives.add(life("w-2.1", Optional.empty()));
        incidents.add(detected("w-1.1", FAULT + 12));
        interrupted("a", FAULT + 200);
        interrupted("b", FAULT + 310);

        RoundResult result = figures(Injection.of(at(FAULT), Set.of("w-1.1")));

        assertThat(result.figures())
                .containsEntry(Figure.DETECT, 12L)
                .containsEntry(Figure.FENCE, 40L)
                .containsEntry(Figure.REASSIGN, 180L)
                .containsEntry(Figure.RECOVERY, 200L)
                .containsEntry(Figure.ALL_RUNNING, 310L);
        assertThat(result.interrupted()).isEqualTo(2);
        assertThat(result.violations()).isEmpty();
    }

    @Test
    void partitions_that_nobody_took_over_are_not_reassigned() {
        owners.add(owner(0, "w-1.1", 1_000));
        owners.add(owner(1, "w-1.1", 1_000));
        owners.add(owner(0, "w-2.1", FAULT + 150));

        assertThat(figures(Injection.of(at(FAULT), Set.of("w-1.1"))).figures()).doesNotContainKey(Figure.REASSIGN);
    }

    @Test
    void a_death_that_nobody_caused_is_a_violation() {
        lives.add(life("w-1.1", Optional.of(FAULT + 40)));
        lives.add(life("w-2.1", Optional.of(FAULT + 500)));
        lives.add(life("w-3.1", Optional.of(FAULT - 500))); // the round before

        RoundResult result = figures(Injection.of(at(FAULT), Set.of("w-1.1")));

        assertThat(result.violations()).containsExactly("w-2.1 ended (exited) though nothing was done to it");
    }

    /** It goes when nobody is suspected any more; one that dies has been killed by somebody. */
    @Test
    void a_quarantine_worker_that_leaves_is_none() {
        lives.add(life("w-quarantine.2", Optional.of(FAULT + 500), "left"));
        lives.add(life("w-quarantine.3", Optional.of(FAULT + 500)));
        lives.add(life("w-2.1", Optional.of(FAULT + 500), "left"));

        assertThat(figures(Injection.harmless(at(FAULT))).violations())
                .containsExactlyInAnyOrder(
                        "w-quarantine.3 ended (exited) though nothing was done to it",
                        "w-2.1 ended (left) though nothing was done to it");
    }

    @Test
    void work_resumes_with_the_first_claim_of_what_came_after_the_fault() {
        finals.add(job("old", 0, FAULT - 100, FAULT + 3_100, FAULT + 3_200, FAULT + 3_300)); // was in Kafka before
        finals.add(job("new", 1, FAULT + 50, FAULT + 3_400, FAULT + 3_500, FAULT + 3_600));
        finals.add(job("later", 2, FAULT + 60, FAULT + 4_000, FAULT + 4_100, FAULT + 4_200));

        RoundResult result = figures(Injection.harmless(at(FAULT)).returned(at(FAULT + 3_000)));

        assertThat(result.figures()).containsEntry(Figure.RESUME, 400L);
    }

    @Test
    void what_the_fault_has_measured_and_seen_itself_is_kept() {
        RoundResult result =
                figures(Injection.harmless(at(FAULT)).with(Figure.BACK, 3_210).with(List.of("a twin")));

        assertThat(result.figures()).containsEntry(Figure.BACK, 3_210L);
        assertThat(result.violations()).containsExactly("a twin");
    }

    private RoundResult figures(Injection injection) {
        Evidence evidence = new Evidence(List.of(), finals, List.of(), runs, List.of(), List.of());
        return new Figures(new Records(owners, lives, incidents, evidence))
                .of(new Round(injection, at(END)), EnumSet.allOf(Figure.class));
    }

    private void interrupted(String name, int againMs) {
        JobId id = JobId.of("test", name);
        runs.add(new EndedRun(id, 1, "w-1.1", "interrupted", at(FAULT - 50), Optional.of(at(FAULT - 40)), at(FAULT)));
        finals.add(new FinalJob(
                id,
                "q",
                Optional.empty(),
                0,
                JobState.SUCCEEDED,
                2,
                Optional.of(at(againMs - 10)),
                Optional.of(at(againMs)),
                at(FAULT - 60),
                at(FAULT - 55),
                at(againMs + 300)));
    }

    static FinalJob job(String name, int offset, int submitted, int claimed, int entered, int settled) {
        return new FinalJob(
                JobId.of("test", name),
                "q",
                Optional.empty(),
                offset,
                JobState.SUCCEEDED,
                1,
                Optional.of(at(claimed)),
                Optional.of(at(entered)),
                at(submitted),
                at(claimed),
                at(settled));
    }

    private static Owner owner(int partition, String incarnation, int takenMs) {
        return new Owner(new Place("q", partition), incarnation, at(takenMs));
    }

    private static Life life(String incarnation, Optional<Integer> fencedMs) {
        return life(incarnation, fencedMs, "exited");
    }

    private static Life life(String incarnation, Optional<Integer> fencedMs, String reason) {
        return new Life(
                incarnation,
                incarnation.substring(0, 3),
                Optional.empty(),
                START,
                Optional.of(START),
                fencedMs.map(FiguresTest::at),
                fencedMs.map(_ -> reason),
                Optional.empty());
    }

    private static Incident detected(String incarnation, int ms) {
        String detail = Json.MAPPER.writeValueAsString(Map.of("detected_at", at(ms).toString()));
        return new Incident(1, "worker_exited", incarnation, "", detail, at(ms + 50), null, 1L);
    }

    static Instant at(int ms) {
        return START.plusMillis(ms);
    }
}
