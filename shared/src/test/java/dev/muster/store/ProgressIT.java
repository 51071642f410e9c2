package dev.muster.store;

import static dev.muster.store.OwnershipFixture.id;
import static dev.muster.store.OwnershipFixture.job;
import static org.assertj.core.api.Assertions.assertThat;

import dev.muster.embedded.junit.EmbeddedServers;
import dev.muster.embedded.junit.PostgresDatabase;
import dev.muster.job.Ordering;
import dev.muster.store.OwnershipFixture.Actor;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** How far a job is, for whoever looks: through retries and hand-overs, and never by a word of who has lost it. */
@ExtendWith(EmbeddedServers.class)
final class ProgressIT {

    @Test
    void progress_is_seen_until_the_job_is_over_and_only_its_run_can_say_it(PostgresDatabase postgres) {
        try (OwnershipFixture db = new OwnershipFixture(postgres)) {
            String queue = db.queue(Ordering.NONE, Optional.empty());
            JobReader reader = new JobReader(db.database());
            Actor a = db.worker();
            Actor b = db.worker();
            PartitionEpoch ofA = new PartitionEpoch(queue, 0, 1);
            PartitionEpoch ofB = new PartitionEpoch(queue, 0, 2);
            a.takes(ofA);
            a.claims(ofA, 0, job(0, queue));

            a.store().progress(List.of(new OwnershipStore.Progress(id(queue), 1, 10, "a tenth")));
            a.store().progress(List.of(new OwnershipStore.Progress(id(queue), 1, 40, "")));
            assertThat(seen(reader, queue)).isEqualTo("1: 40 -");
            a.ends(id(queue), 1, Outcome.Verdict.RETRIED, Duration.ZERO, List.of());
            assertThat(seen(reader, queue)).as("while it waits").isEqualTo("1: 40 -");
            a.store().startDue(List.of(ofA), 1);
            db.fence(a);
            b.takes(ofB);
            RunningJob adopted = b.store().adopt(List.of(ofB), List.of()).getFirst();
            a.store().progress(List.of(new OwnershipStore.Progress(id(queue), 2, 90, "a zombie's")));
            assertThat(seen(reader, queue)).as("after a hand-over").isEqualTo("1: 40 -");
            b.store().progress(List.of(new OwnershipStore.Progress(id(queue), adopted.attempt(), 50, "half")));
            assertThat(seen(reader, queue)).isEqualTo("3: 50 half");

            b.succeeds(id(queue), adopted.attempt());
            assertThat(reader.find(id(queue)).orElseThrow().underway().progress())
                    .isEmpty();
            assertThat(db.count("SELECT count(*) FROM job_progress WHERE job_id = '" + id(queue) + "'"))
                    .isZero();
        }
    }

    private static String seen(JobReader reader, String name) {
        JobView.Progress said =
                reader.find(id(name)).orElseThrow().underway().progress().orElseThrow();
        return said.attempt() + ": " + said.percent() + " " + said.note().orElse("-");
    }
}
