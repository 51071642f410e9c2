package dev.muster.worker;

import static org.assertj.core.api.Assertions.assertThat;

import dev.muster.embedded.ChildProcess;
import dev.muster.embedded.junit.EmbeddedServers;
import dev.muster.embedded.junit.KafkaCluster;
import dev.muster.embedded.junit.PostgresDatabase;
import dev.muster.embedded.sandbox.SandboxServer;
import dev.muster.fleet.Incarnation;
import dev.muster.job.JobId;
import dev.muster.job.JobState;
import dev.muster.job.Ordering;
import dev.muster.store.DeadLetterGroup;
import dev.muster.store.DeadLetterStore;
import dev.muster.store.JobView;
import dev.muster.store.RedriveOrder;
import dev.muster.store.RedriveReport;
import dev.muster.store.RedriveVerdict;
import dev.muster.store.Redriver;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** The way of a release with a bug: its jobs die, it is mended, they are redriven. */
@ExtendWith(EmbeddedServers.class)
final class RedriveEndToEndIT {
    private static final int JOBS = 60;
    private static final int KEYS = 7;

    @Test
    void jobs_that_died_of_a_bug_succeed_after_the_fix_charged_once_and_in_order(
            PostgresDatabase postgres, KafkaCluster kafka, SandboxServer sandbox) {
        try (WorkerStack stack = new WorkerStack(postgres, kafka, sandbox)) {
            String queue = stack.queue(Ordering.KEY, 4);
            ChildProcess first = stack.worker();
            Incarnation old = stack.awaitOwner(first, queue, 4);
            Map<String, List<String>> order = new HashMap<>();
            List<JobId> jobs = new ArrayList<>();
            for (int i = 0; i < JOBS; i++) {
                String key = "key-" + i % KEYS;
                JobId id = stack.submit(
                        queue, "test.buggy", key, "{\"amount\":" + (100 + i) + "}", Map.of("mustermaxattempts", "1"));
                order.computeIfAbsent(key, _ -> new ArrayList<>()).add(id.toString());
                jobs.add(id);
            }
            JobId added = stack.submit(queue, "test.added", "key-0", "{}");
            stack.awaitFinal(jobs);
            DeadLetterStore letters = new DeadLetterStore(stack.database());
            Awaitility.await()
                    .atMost(WorkerStack.PATIENCE)
                    .until(() -> letters.list(of(queue), 1_000).size() == JOBS + 1);
            assertThat(letters.groups(Optional.of(queue), Optional.empty(), 10))
                    .extracting(DeadLetterGroup::cause)
                    .containsExactly(
                            "java.lang.IllegalStateException: no receipt for order of ? with status ?",
                            "unknown_type: no handler for the type test.added");
            List<String> keys = idempotencyKeys(stack, queue);
            assertThat(keys).hasSize(JOBS);

            first.killHard();
            stack.fence(old);
            stack.evict(old);
            stack.worker(ReleaseHandlers.SECOND);
            RedriveReport report = new Redriver(stack.database(), stack.settings())
                    .run(new RedriveOrder(of(queue), false, 500, false, "test", Optional.empty()));

            assertThat(report.counts()).containsExactly(Map.entry(RedriveVerdict.REDRIVEN, JOBS + 1));
            jobs.add(added);
            Awaitility.await()
                    .atMost(WorkerStack.PATIENCE)
                    .untilAsserted(() -> assertThat(jobs)
                            .as("workers said:%n%s", stack.logs())
                            .allSatisfy(id -> assertThat(stack.find(id))
                                    .map(JobView::state)
                                    .contains(JobState.SUCCEEDED)));
            jobs.remove(added);
            assertThat(idempotencyKeys(stack, queue)).as("the same calls").isEqualTo(keys);
            stack.assertChargedOnce(jobs);
            assertThat(letters.list(of(queue), 10)).isEmpty();
            assertThat(stack.rows("SELECT state || ' ' || count(*) FROM job_history WHERE queue = '" + queue
                            + "' GROUP BY state"))
                    .containsExactlyInAnyOrder("dead " + (JOBS + 1), "succeeded " + (JOBS + 1));
            order.forEach((key, ids) -> assertThat(stack.rows("SELECT job_id FROM job_history WHERE queue = '" + queue
                            + "' AND state = 'succeeded' AND type = 'test.buggy' AND order_key = '" + key
                            + "' ORDER BY started_at"))
                    .as("start order of %s", key)
                    .containsExactlyElementsOf(ids));
        }
    }

    private static DeadLetterStore.Filter of(String queue) {
        return new DeadLetterStore.Filter(
                List.of(), Optional.empty(), Optional.of(queue), Optional.empty(), Optional.empty());
    }

    private static List<String> idempotencyKeys(WorkerStack stack, String queue) {
        return stack.rows("SELECT DISTINCT i.idempotency_key FROM job_intent i JOIN job_history h USING (job_id)"
                + " WHERE h.queue = '" + queue + "' ORDER BY 1");
    }
}
