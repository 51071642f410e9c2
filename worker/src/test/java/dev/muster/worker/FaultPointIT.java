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
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A worker that is killed at the worst moments loses no job and charges no card twice. */
@ExtendWith(EmbeddedServers.class)
@Execution(ExecutionMode.CONCURRENT)
final class FaultPointIT {
    private static final int KILLED = 128 + 9;

    @ParameterizedTest
    @CsvSource({
        "BEFORE_TAKE_OVER, 1",
        "BEFORE_CLAIM, 2",
        "AFTER_CLAIM, 2",
        "BEFORE_CALL, 5",
        "AFTER_CALL, 5",
        "BEFORE_SETTLE, 3",
        "AFTER_SETTLE, 3"
    })
    void a_kill_loses_and_doubles_nothing(
            FaultPoint point, String nth, PostgresDatabase postgres, KafkaCluster kafka, SandboxServer sandbox) {
        try (WorkerStack stack = new WorkerStack(postgres, kafka, sandbox)) {
            stack.charges().faults("{\"latency\":{\"minMillis\":30,\"maxMillis\":100}}");
            String queue = stack.queue(Ordering.NONE, 4);
            ChildProcess faulty = stack.worker(point.name(), "KILL", nth);
            Incarnation dead = stack.incarnationOf(faulty);

            List<JobId> payments = stack.submitPayments(queue, 30);
            assertThat(faulty.awaitExit(WorkerStack.PATIENCE))
                    .as("it was killed")
                    .isTrue();
            assertThat(faulty.onExit().join().code()).isEqualTo(KILLED);
            stack.worker();
            stack.fence(dead);
            stack.evict(dead);

            stack.awaitFinal(payments);
            stack.assertSucceededOnce(payments);
            stack.assertChargedOnce(payments);
        }
    }

    /** Nobody fences and nobody evicts: the group's session timeout and the owners' own judgement have to do. */
    @Test
    void without_a_coordinator_the_group_and_the_owners_heal_it(
            PostgresDatabase postgres, KafkaCluster kafka, SandboxServer sandbox) {
        try (WorkerStack stack = new WorkerStack(postgres, kafka, sandbox)) {
            String queue = stack.queue(Ordering.NONE, 4);
            ChildProcess faulty = stack.worker("AFTER_CALL", "KILL", "5");
            ChildProcess healthy = stack.worker();
            Incarnation dead = stack.awaitOwner(faulty, queue, 2);
            Incarnation heir = stack.awaitOwner(healthy, queue, 2);

            List<JobId> payments = stack.submitPayments(queue, 30);

            stack.awaitFinal(payments);
            stack.assertSucceededOnce(payments);
            stack.assertChargedOnce(payments);
            assertThat(faulty.onExit().join().code()).isEqualTo(KILLED);
            assertThat(stack.query("SELECT fenced_by FROM worker_incarnation WHERE incarnation = '" + dead + "'"))
                    .contains(heir.id());
            assertThat(stack.count(
                            "SELECT count(*) FROM incident WHERE kind = 'worker_absent' AND subject = '" + dead + "'"))
                    .isEqualTo(1);
            assertThat(stack.count("SELECT count(*) FROM job_attempt WHERE outcome = 'interrupted' AND incarnation = '"
                            + dead + "'"))
                    .isPositive();
        }
    }

    /** The heir dies as well, on the point of adopting; the heir's heir has the jobs of both. */
    @Test
    void a_kill_before_the_adoption_leaves_everything_to_the_next(
            PostgresDatabase postgres, KafkaCluster kafka, SandboxServer sandbox) {
        try (WorkerStack stack = new WorkerStack(postgres, kafka, sandbox)) {
            String queue = stack.queue(Ordering.NONE, 4);
            ChildProcess first = stack.worker("AFTER_CLAIM", "KILL", "1");
            Incarnation firstDead = stack.incarnationOf(first);
            List<JobId> payments = stack.submitPayments(queue, 30);
            assertThat(first.awaitExit(WorkerStack.PATIENCE)).isTrue();
            ChildProcess second = stack.worker("BEFORE_ADOPT", "KILL", "1");
            Incarnation secondDead = stack.incarnationOf(second);
            stack.fence(firstDead);
            stack.evict(firstDead);
            assertThat(second.awaitExit(WorkerStack.PATIENCE))
                    .as("it was killed")
                    .isTrue();
            assertThat(second.onExit().join().code()).isEqualTo(KILLED);
            stack.worker();
            stack.fence(secondDead);
            stack.evict(secondDead);

            stack.awaitFinal(payments);
            stack.assertSucceededOnce(payments);
            stack.assertChargedOnce(payments);
        }
    }
}
