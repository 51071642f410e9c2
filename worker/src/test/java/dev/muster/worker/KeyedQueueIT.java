package dev.muster.worker;

import static org.assertj.core.api.Assertions.assertThat;

import dev.muster.embedded.ChildProcess;
import dev.muster.embedded.junit.EmbeddedServers;
import dev.muster.embedded.junit.KafkaCluster;
import dev.muster.embedded.junit.PostgresDatabase;
import dev.muster.embedded.sandbox.SandboxServer;
import dev.muster.fleet.Incarnation;
import dev.muster.job.JobId;
import dev.muster.job.Ordering;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/** Order per key, through retries, a worker's death and a rebalance. */
@ExtendWith(EmbeddedServers.class)
@Execution(ExecutionMode.CONCURRENT)
final class KeyedQueueIT {
    private static final int JOBS = 200;
    private static final int KEYS = 10;

    @Test
    void jobs_of_a_key_start_in_order_and_never_overlap(
            PostgresDatabase postgres, KafkaCluster kafka, SandboxServer sandbox) {
        try (WorkerStack stack = new WorkerStack(postgres, kafka, sandbox)) {
            String queue = stack.queue(Ordering.KEY, 4);
            ChildProcess victim = stack.worker();
            ChildProcess survivor = stack.worker();
            Incarnation dead = stack.awaitOwner(victim, queue, 2);
            stack.awaitOwner(survivor, queue, 2);
            Map<String, List<JobId>> submitted = new HashMap<>();
            List<JobId> all = new ArrayList<>();
            for (int i = 0; i < JOBS; i++) {
                String key = "key-" + i % KEYS;
                // Every seventh fails once and comes back after a while; its followers have to wait for it.
                JobId id = stack.submit(
                        queue,
                        "test.flaky",
                        key,
                        "{\"failures\":" + (i % 7 == 0 ? 1 : 0) + ",\"millis\":" + (10 + i % 5 * 10) + "}");
                submitted.computeIfAbsent(key, k -> new ArrayList<>()).add(id);
                all.add(id);
            }
            Awaitility.await()
                    .atMost(WorkerStack.PATIENCE)
                    .until(() ->
                            stack.count("SELECT count(*) FROM job_history WHERE incarnation = '" + dead + "'") >= 10);
            victim.killHard();
            stack.fence(dead);
            stack.evict(dead);
            stack.worker(); // and another rebalance, a graceful one

            stack.awaitFinal(all);

            stack.assertSucceededOnce(all);
            assertThat(stack.count("SELECT count(*) FROM job_history WHERE queue = '" + queue + "' AND failures > 0"))
                    .isPositive();
            submitted.forEach((key, ids) -> {
                assertThat(stack.rows("SELECT job_id FROM job_history WHERE queue = '" + queue + "' AND order_key = '"
                                + key + "' ORDER BY started_at"))
                        .as("start order of %s", key)
                        .containsExactlyElementsOf(
                                ids.stream().map(JobId::toString).toList());
                assertThat(stack.rows("SELECT job_id FROM (SELECT job_id, started_at, lag(settled_at) OVER"
                                + " (ORDER BY started_at) AS before FROM job_history WHERE queue = '" + queue
                                + "' AND order_key = '" + key + "') h WHERE started_at < before"))
                        .as("jobs of %s that started before the one before was over", key)
                        .isEmpty();
            });
            // Also the runs that were cut short or failed: none began while another job of its key ran.
            assertThat(stack.count("SELECT count(*) FROM job_attempt a JOIN job_history h USING (job_id)"
                            + " JOIN job_history o ON o.queue = h.queue AND o.order_key = h.order_key"
                            + " AND o.job_id <> h.job_id WHERE a.queue = '" + queue
                            + "' AND a.started_at > o.started_at AND a.started_at < o.settled_at"))
                    .isZero();
        }
    }
}
