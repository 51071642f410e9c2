package dev.muster.worker;

import static org.assertj.core.api.Assertions.assertThat;

import dev.muster.embedded.junit.EmbeddedServers;
import dev.muster.embedded.junit.KafkaCluster;
import dev.muster.embedded.junit.PostgresDatabase;
import dev.muster.embedded.sandbox.SandboxServer;
import dev.muster.job.JobId;
import dev.muster.job.Ordering;
import dev.muster.store.QueueStore;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Queues of different weights that have more work than one worker can do. */
@ExtendWith(EmbeddedServers.class)
final class WeightIT {
    private static final int FLOOD = 160;
    /** Long beside the time in which a worker that has few slots polls its next records. */
    private static final int MILLIS = 150;

    @Test
    void a_flood_in_one_queue_holds_up_no_other_whichever_is_the_heavier(
            PostgresDatabase postgres, KafkaCluster kafka, SandboxServer sandbox) {
        try (WorkerStack stack = new WorkerStack(postgres, kafka, sandbox, Map.of("muster.worker.slots", "8"))) {
            String light = stack.queue(Ordering.NONE, 2);
            String heavy = stack.queue(Ordering.NONE, 2);
            new QueueStore(stack.database()).weigh(heavy, 7);
            List<JobId> first = stack.submitPauses(light, FLOOD, MILLIS);
            List<JobId> second = stack.submitPauses(heavy, FLOOD, MILLIS);
            stack.worker();

            stack.awaitFinal(second);
            // By the end of the heavy flood the light one had its one slot in eight: neither nothing, nor its turn
            // first.
            assertThat(stack.count("SELECT count(*) FROM job_history WHERE queue = '" + light
                            + "' AND settled_at < (SELECT max(settled_at) FROM job_history WHERE queue = '" + heavy
                            + "')"))
                    .isBetween(FLOOD / 20L, FLOOD * 2 / 5L);
            stack.awaitFinal(first);

            List<JobId> flood = stack.submitPauses(heavy, 2 * FLOOD, MILLIS);
            List<JobId> few = stack.submitPauses(light, 10, MILLIS);
            stack.awaitFinal(few);
            assertThat(stack.count("SELECT count(*) FROM job_history WHERE queue = '" + heavy + "'"))
                    .as("of the heavy queue, when the light one's jobs were done")
                    .isLessThan(3L * FLOOD);
            stack.awaitFinal(flood);
        }
    }

    /** What is due at once waits in the table, not in Kafka. */
    @Test
    void a_flood_of_due_jobs_holds_up_no_other_queue(
            PostgresDatabase postgres, KafkaCluster kafka, SandboxServer sandbox) {
        try (WorkerStack stack = new WorkerStack(postgres, kafka, sandbox, Map.of("muster.worker.slots", "8"))) {
            String due = stack.queue(Ordering.NONE, 2);
            String other = stack.queue(Ordering.NONE, 2);
            stack.execute("INSERT INTO job_waiting (job_id, queue, partition, record_offset, state, due_at, type,"
                    + " submitted_at, payload) SELECT gen_random_uuid(), '" + due + "', i % 2, 0, 'scheduled', now(),"
                    + " 'test.pause', now(), convert_to('{\"millis\":" + MILLIS + ",\"later\":1}', 'UTF8')"
                    + " FROM generate_series(1, " + 4 * FLOOD + ") i");
            stack.worker();
            List<JobId> jobs = stack.submitPauses(other, 20, MILLIS);

            stack.awaitFinal(jobs);

            assertThat(stack.count("SELECT count(*) FROM job_waiting WHERE queue = '" + due + "'"))
                    .as("left of the flood")
                    .isGreaterThan(FLOOD);
        }
    }
}
