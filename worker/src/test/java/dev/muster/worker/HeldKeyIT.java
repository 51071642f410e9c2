package dev.muster.worker;

import static org.assertj.core.api.Assertions.assertThat;

import dev.muster.config.Settings;
import dev.muster.embedded.ChildProcess;
import dev.muster.embedded.junit.EmbeddedServers;
import dev.muster.embedded.junit.KafkaCluster;
import dev.muster.embedded.junit.PostgresDatabase;
import dev.muster.embedded.sandbox.SandboxServer;
import dev.muster.fleet.Incarnation;
import dev.muster.job.AfterDead;
import dev.muster.job.JobId;
import dev.muster.job.Ordering;
import dev.muster.store.DeadLetterStore;
import dev.muster.store.KeyHoldStore;
import dev.muster.store.RedriveOrder;
import dev.muster.store.RedriveVerdict;
import dev.muster.store.Redriver;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** A key that waits for an operator since its job is dead. */
@ExtendWith(EmbeddedServers.class)
final class HeldKeyIT {

    /** Its handler holds the key; the worker that held it dies; the redriven job goes first. */
    @Test
    void a_held_key_waits_through_a_death_until_its_job_is_redriven(
            PostgresDatabase postgres, KafkaCluster kafka, SandboxServer sandbox) {
        try (WorkerStack stack = new WorkerStack(postgres, kafka, sandbox)) {
            String queue = stack.queue(Ordering.KEY, 1);
            ChildProcess first = stack.worker();
            Incarnation dead = stack.awaitOwner(first, queue, 1);
            JobId head = stack.submit(queue, "test.strict", "k", "{\"runs\":2}");
            JobId next = stack.submit(queue, "test.strict", "k", "{\"runs\":1}");
            JobId other = stack.submit(queue, "test.strict", "other", "{\"runs\":1}");
            KeyHoldStore holds = new KeyHoldStore(stack.database());
            stack.awaitFinal(List.of(head, other));
            assertThat(stack.find(other).orElseThrow().state().wireName()).isEqualTo("succeeded");
            assertThat(holds.held(Optional.of(queue), 10)).singleElement().satisfies(hold -> {
                assertThat(hold.dead()).isEqualTo(head);
                assertThat(hold.behind()).isEqualTo(1);
            });

            first.killHard();
            stack.fence(dead);
            stack.evict(dead);
            stack.awaitOwner(stack.worker(), queue, 1);
            JobId late = stack.submit(queue, "test.strict", "k", "{\"runs\":1}");
            JobId proof = stack.submit(queue, "test.strict", "other", "{\"runs\":1}");
            stack.awaitFinal(List.of(proof)); // it was submitted last, so the new owner has seen all
            assertThat(stack.rows("SELECT reason FROM job_waiting WHERE queue = '" + queue + "' ORDER BY key_position"))
                    .hasSize(2)
                    .allMatch(reason -> reason.contains("its key"));

            Redriver redriver = new Redriver(stack.database(), Settings.of(Map.of()));
            assertThat(redriver.run(new RedriveOrder(
                                    DeadLetterStore.Filter.of(List.of(head)),
                                    false,
                                    100,
                                    false,
                                    "test",
                                    Optional.empty()))
                            .counts())
                    .containsOnlyKeys(RedriveVerdict.REDRIVEN);

            stack.awaitFinal(List.of(next, late));
            assertThat(stack.rows("SELECT job_id FROM job_history WHERE queue = '" + queue
                            + "' AND order_key = 'k' AND state = 'succeeded' ORDER BY started_at"))
                    .containsExactly(head.toString(), next.toString(), late.toString());
        }
    }

    @Test
    void an_operator_says_otherwise_for_one_queue(
            PostgresDatabase postgres, KafkaCluster kafka, SandboxServer sandbox) {
        try (WorkerStack stack = new WorkerStack(postgres, kafka, sandbox)) {
            String queue = stack.queue(Ordering.KEY, 1);
            new KeyHoldStore(stack.database()).say(new KeyHoldStore.Policy(queue, "test.strict", AfterDead.GO_ON));
            stack.worker();
            JobId head = stack.submit(queue, "test.strict", "k", "{\"runs\":9}");
            JobId next = stack.submit(queue, "test.strict", "k", "{\"runs\":1}");

            stack.awaitFinal(List.of(head, next));

            Awaitility.await()
                    .atMost(WorkerStack.PATIENCE)
                    .untilAsserted(() -> assertThat(
                                    stack.find(next).orElseThrow().state().wireName())
                            .isEqualTo("succeeded"));
        }
    }
}
