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
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Order per key where a key's quick jobs run as groups: through retries, calls, and a death with outcomes in flight. */
@ExtendWith(EmbeddedServers.class)
@Execution(ExecutionMode.CONCURRENT)
final class GroupedQueueIT {
    private static final int JOBS = 1_200;
    private static final int KEYS = 4;

    /** Before: runs have succeeded, nobody knows. After: it is written, and the dead had no answer. */
    @ParameterizedTest
    @ValueSource(strings = {"BEFORE_SETTLE", "AFTER_SETTLE"})
    void jobs_of_a_key_are_final_in_order_and_call_only_when_what_is_before_them_is_final(
            String point, PostgresDatabase postgres, KafkaCluster kafka, SandboxServer sandbox) {
        try (WorkerStack stack = new WorkerStack(postgres, kafka, sandbox)) {
            String queue = stack.queue(Ordering.KEY, 4);
            Map<String, List<JobId>> submitted = new HashMap<>();
            List<JobId> all = new ArrayList<>();
            for (int i = 0; i < JOBS; i++) {
                String key = "key-" + i % KEYS;
                String quick = "{\"failures\":" + (i % 97 == 0 ? 1 : 0) + ",\"call\":" + (i % 23 == 0) + "}";
                JobId id = stack.submit(queue, "test.quick", key, quick);
                submitted.computeIfAbsent(key, k -> new ArrayList<>()).add(id);
                all.add(id);
            }
            ChildProcess victim = stack.worker(point, "KILL", "25");
            Incarnation dead = stack.awaitOwner(victim, queue, 4);
            Awaitility.await().atMost(WorkerStack.PATIENCE).until(() -> !victim.alive());
            stack.worker();
            stack.fence(dead);
            stack.evict(dead);

            stack.awaitFinal(all);

            stack.assertSucceededOnce(all);
            submitted.forEach((key, ids) -> assertThat(stack.rows("SELECT job_id FROM job_history WHERE queue = '"
                            + queue + "' AND order_key = '" + key + "' ORDER BY xid, seq"))
                    .as("in which order those of %s became final", key)
                    .containsExactlyElementsOf(ids.stream().map(JobId::toString).toList()));
            assertThat(stack.count("SELECT count(*) FROM (SELECT started_at, lag(settled_at) OVER"
                            + " (PARTITION BY order_key ORDER BY key_position) AS before FROM job_history WHERE queue = '"
                            + queue + "') h WHERE started_at < before"))
                    .as("jobs that started while the one before them was not final: they were in groups")
                    .isPositive();
            assertThat(stack.count("SELECT count(*) FROM job_intent i JOIN job_history h USING (job_id)"
                            + " WHERE h.queue = '" + queue + "'"))
                    .isPositive();
            assertThat(stack.count("SELECT count(*) FROM job_intent i JOIN job_history h USING (job_id)"
                            + " JOIN job_history e ON e.queue = h.queue AND e.order_key = h.order_key"
                            + " AND e.key_position < h.key_position AND e.settled_at > i.opened_at"
                            + " WHERE h.queue = '" + queue + "'"))
                    .as("calls that were intended before what stands before them was final")
                    .isZero();
        }
    }
}
