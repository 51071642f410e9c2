package dev.muster.store;

import static dev.muster.store.OwnershipFixture.id;
import static dev.muster.store.OwnershipFixture.job;
import static org.assertj.core.api.Assertions.assertThat;

import dev.muster.embedded.junit.EmbeddedServers;
import dev.muster.embedded.junit.PostgresDatabase;
import dev.muster.job.JobId;
import dev.muster.job.NewJob;
import dev.muster.job.Ordering;
import dev.muster.protocol.Submission;
import dev.muster.store.OwnershipFixture.Actor;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;

/** Jobs that follow from an outcome are written with it or not at all. On a real Postgres. */
@ExtendWith(EmbeddedServers.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class FollowUpIT {
    private final OwnershipFixture db;

    FollowUpIT(PostgresDatabase postgres) {
        this.db = new OwnershipFixture(postgres);
    }

    @AfterAll
    void close() {
        db.close();
    }

    @Test
    void they_are_written_with_an_outcome_that_counts_and_with_no_other() {
        String queue = db.queue(Ordering.NONE, Optional.empty());
        PartitionEpoch p = new PartitionEpoch(queue, 0, 1);
        Actor zombie = db.worker();
        zombie.takes(p);
        zombie.claims(p, 0, job(0, queue + "-1"), job(1, queue + "-2"));
        JobId first = id(queue + "-1");
        JobId second = id(queue + "-2");
        db.fence(zombie);
        Actor heir = db.worker();
        PartitionEpoch mine = new PartitionEpoch(queue, 0, 2);
        heir.takes(mine);
        assertThat(heir.store().adopt(List.of(mine), List.of())).hasSize(2);

        assertThat(zombie.store().settle(List.of(outcome(first, 1, "receipt")), List.of(), List.of(), Groups.NONE))
                .containsExactly(new Settled.Rejected(first));
        assertThat(followers(queue)).as("of a run that was lost").isZero();

        // Its call was never answered, so the job can't be declined, and what would follow from that does not follow.
        heir.store().intend(List.of(new OwnershipStore.IntentRequest(second, 2, "charge")));
        assertThat(heir.store()
                        .settle(
                                List.of(
                                        outcome(first, 2, "receipt", "invoice"),
                                        declined(outcome(second, 2, "regret"))),
                                List.of(),
                                List.of(),
                                Groups.NONE))
                .containsExactlyInAnyOrder(new Settled.Done(first), new Settled.Unsure(second));
        assertThat(new SubmissionStore(db.database()).next(10))
                .extracting(waiting -> waiting.submission().jobId())
                .containsExactly(
                        JobId.of("/muster/jobs/" + first, "receipt"), JobId.of("/muster/jobs/" + first, "invoice"));
    }

    private long followers(String queue) {
        return db.count("SELECT count(*) FROM submission WHERE queue = '" + queue + "'");
    }

    private static Outcome declined(Outcome outcome) {
        return new Outcome(
                outcome.id(),
                outcome.attempt(),
                Outcome.Verdict.DECLINED,
                "no",
                "",
                "",
                Duration.ZERO,
                Optional.empty(),
                List.of(),
                java.util.Set.of(),
                outcome.followUps());
    }

    private static Outcome outcome(JobId parent, int attempt, String... steps) {
        return new Outcome(
                        parent,
                        attempt,
                        Outcome.Verdict.SUCCEEDED,
                        "",
                        "",
                        "",
                        Duration.ZERO,
                        Optional.empty(),
                        List.of())
                .with(java.util.Arrays.stream(steps)
                        .map(step -> new FollowUp(
                                "mails",
                                Submission.of(
                                        "/muster/jobs/" + parent,
                                        step,
                                        NewJob.of("mail", "to \u0000 \"you\"").key("k"),
                                        Instant.EPOCH)))
                        .toList());
    }
}
