package dev.muster.explain;

import static org.assertj.core.api.Assertions.assertThat;

import dev.muster.explain.Explanation.Why;
import dev.muster.explain.JobFacts.Ahead;
import dev.muster.explain.JobFacts.Hold;
import dev.muster.explain.JobFacts.Place;
import dev.muster.explain.JobFacts.Standing;
import dev.muster.explain.JobFacts.Turn;
import dev.muster.explain.JobFacts.Wish;
import dev.muster.job.JobId;
import dev.muster.job.JobState;
import java.time.Instant;
import java.util.Optional;
import org.junit.jupiter.api.Test;

final class ExplainerTest {
    private static final JobId ID = JobId.of("test", "1");
    private static final JobId OTHER = JobId.of("test", "2");
    private static final Instant NOW = Instant.parse("2030-01-01T12:00:00Z");
    private static final Place WELL = new Place("mails", false, "default", 3, Optional.of("worker-1.4"), true);

    @Test
    void where_it_is_not_waiting_it_says_where_it_is() {
        assertThat(explain(new Standing.Runs("worker-1.4", false, 2, NOW.minusSeconds(90))))
                .isEqualTo(said(Why.RUNS, "it runs: run 2 began 1 min 30 s ago on worker-1.4"));
        assertThat(explain(new Standing.Runs("worker-1.3", true, 2, NOW.minusSeconds(1)))
                        .summary())
                .endsWith("worker-1.3, which is dead; worker-1.4 takes it over now");
        assertThat(explain(new Standing.Over(JobState.DEAD, Optional.of("gave up"), Optional.of("X: y"), NOW)))
                .isEqualTo(said(
                        Why.FINAL,
                        "it is dead since 2030-01-01T12:00:00Z: gave up (X: y); it runs again with: muster dead redrive "
                                + ID));
        assertThat(explain(new Standing.InKafka("mails", 3, 170, 70)).summary())
                .contains("offset 170 of partition 3", "before it: 70");
        assertThat(explain(new Standing.InOutbox("mails", NOW, Optional.empty()))
                        .why())
                .isEqualTo(Why.IN_OUTBOX);
        assertThat(explain(new Standing.InOutbox("mails", NOW, Optional.of("too large"))))
                .isEqualTo(
                        said(Why.REFUSED_BY_KAFKA, "it stands in the outbox and can't be brought to Kafka: too large"));
        assertThat(explain(new Standing.Nowhere(5, true)).summary()).contains("never submitted");
        assertThat(explain(new Standing.Nowhere(5, false)).summary()).contains("there are more");
    }

    @Test
    void what_has_to_go_first_is_said_first() {
        Standing.Waits all = new Standing.Waits(
                JobState.PARKED,
                Optional.of(NOW.plusSeconds(5)),
                Optional.of("behind its key"),
                Optional.of(NOW.plusSeconds(60)),
                Optional.of(new Hold("mails", "cus_7", OTHER, "mail.send", NOW.minusSeconds(180))),
                Optional.of(new Ahead("cus_7", 2, OTHER, Optional.empty(), Optional.of("its key is held"))),
                Optional.of(new Turn("eu", 4, 2, 2)));
        Place bad = new Place("mails", true, "default", 3, Optional.empty(), false);

        Explanation explanation =
                Explainer.explain(new JobFacts(ID, NOW, all, Optional.of(bad), Optional.of(new Wish("alice", NOW))));

        assertThat(explanation.why()).isEqualTo(Why.QUEUE_PAUSED);
        assertThat(explanation.further())
                .containsExactly(
                        "its key cus_7 is held since job " + OTHER
                                + " of type mail.send died 3 min 0 s ago; that one runs again, first of all, with: "
                                + "muster dead redrive " + OTHER + " --yes; its key goes on without it with: "
                                + "muster queue release mails cus_7",
                        "it waits behind 2 jobs of its key cus_7, first of all job " + OTHER
                                + ", which waits too: its key is held",
                        "it waits for a slot of its limit eu, in turn 4: 2 run, 2 may",
                        "it expires at 2030-01-01T12:01:00Z",
                        "it is to be cancelled, wished by alice 0 s ago");
    }

    @Test
    void one_reason_is_one_sentence() {
        assertThat(waits(JobState.SCHEDULED, Optional.of(NOW.plusSeconds(7_260)), "", WELL))
                .isEqualTo(said(Why.NOT_DUE, "it is due at 2030-01-01T14:01:00Z, in 2 h 1 min"));
        assertThat(waits(JobState.RETRYING, Optional.of(NOW.plusSeconds(3)), "no route", WELL)
                        .summary())
                .isEqualTo("its last run failed, the next is due at 2030-01-01T12:00:03Z, in 3 s: no route");
        assertThat(waits(JobState.PARKED, Optional.of(NOW.plusSeconds(3)), "the circuit is open", WELL))
                .isEqualTo(said(Why.PUT_OFF, "it is put off until 2030-01-01T12:00:03Z, in 3 s: the circuit is open"));
        assertThat(waits(JobState.UNKNOWN, Optional.of(NOW.plusSeconds(3)), "", WELL)
                        .why())
                .isEqualTo(Why.PUT_OFF);
        assertThat(waits(JobState.PARKED, Optional.empty(), "its key is held", WELL))
                .isEqualTo(said(Why.HELD, "it waits until somebody lets it go: its key is held"));
        assertThat(waits(JobState.READY, Optional.of(NOW), "", WELL).summary())
                .isEqualTo("it is due, and nothing stands in its way: its owner worker-1.4 starts it as soon as a slot "
                        + "is free");
        Place orphaned = new Place("mails", false, "default", 3, Optional.of("worker-1.3"), false);
        assertThat(waits(JobState.READY, Optional.of(NOW), "", orphaned))
                .isEqualTo(said(
                        Why.NO_OWNER,
                        "no live worker has its partition 3 of queue mails; the last, worker-1.3, is dead: are there "
                                + "workers in pool default?"));
    }

    private static Explanation waits(JobState state, Optional<Instant> due, String reason, Place place) {
        Standing.Waits waits = new Standing.Waits(
                state,
                due,
                Optional.of(reason).filter(text -> !text.isEmpty()),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty());
        return Explainer.explain(new JobFacts(ID, NOW, waits, Optional.of(place), Optional.empty()));
    }

    private static Explanation explain(Standing standing) {
        return Explainer.explain(new JobFacts(ID, NOW, standing, Optional.of(WELL), Optional.empty()));
    }

    private static Explanation said(Why why, String summary) {
        return new Explanation(why, summary, java.util.List.of());
    }
}
