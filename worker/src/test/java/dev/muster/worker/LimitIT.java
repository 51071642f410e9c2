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
import dev.muster.store.LimitStore;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** A limit that holds across workers, also while one of them dies. */
@ExtendWith(EmbeddedServers.class)
final class LimitIT {
    private static final int MAX = 3;

    @Test
    void no_more_jobs_of_a_key_run_at_once_than_its_limit_says_and_all_others_go_on(
            PostgresDatabase postgres, KafkaCluster kafka, SandboxServer sandbox) {
        try (WorkerStack stack = new WorkerStack(postgres, kafka, sandbox)) {
            String queue = stack.queue(Ordering.NONE, 4);
            String key = "account " + queue;
            new LimitStore(stack.database()).set(new LimitStore.Limit(LimitStore.Kind.KEY, key, MAX));
            ChildProcess victim = stack.worker();
            stack.worker();
            Incarnation dead = stack.awaitOwner(victim, queue, 2);
            List<JobId> limited = new ArrayList<>();
            for (int i = 0; i < 60; i++) {
                limited.add(stack.submit(
                        queue, "test.pause", "k" + i, "{\"millis\":300,\"later\":300}", Map.of("musterlimitkey", key)));
            }
            List<JobId> free = stack.submitPauses(queue, 60, 10);
            stack.awaitFinal(free);
            assertThat(done(stack, limited)).as("behind their limit").isLessThan(60);

            Awaitility.await()
                    .atMost(WorkerStack.PATIENCE)
                    .until(() -> stack.count("SELECT count(*) FROM limit_slot s JOIN job_running r USING (job_id)"
                                    + " WHERE r.incarnation = '" + dead + "'")
                            > 0);
            victim.killHard();
            stack.fence(dead);
            stack.evict(dead);
            stack.awaitFinal(limited);

            stack.assertSucceededOnce(limited);
            stack.assertSucceededOnce(free);
            // From the handler's entry to its settle, both within the time that the slot is held.
            assertThat(stack.rows("SELECT job_id FROM (SELECT h.job_id, (SELECT count(*) FROM job_history o WHERE"
                            + " o.queue = h.queue AND o.type = h.type AND o.job_id = ANY (" + array(limited)
                            + ") AND o.entered_at <= h.entered_at AND o.settled_at > h.entered_at) AS at_once"
                            + " FROM job_history h WHERE h.job_id = ANY (" + array(limited) + ")) x WHERE at_once > "
                            + MAX))
                    .as("jobs that ran with more than the limit")
                    .isEmpty();
            assertThat(stack.count("SELECT count(*) FROM limit_slot WHERE limit_key = '" + key + "'"))
                    .isZero();
        }
    }

    private static long done(WorkerStack stack, List<JobId> jobs) {
        return stack.count("SELECT count(*) FROM job_history WHERE job_id = ANY (" + array(jobs) + ")");
    }

    private static String array(List<JobId> jobs) {
        return "'{" + String.join(",", jobs.stream().map(JobId::toString).toList()) + "}'::uuid[]";
    }
}
