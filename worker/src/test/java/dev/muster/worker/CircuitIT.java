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
import java.util.List;
import java.util.Map;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** A provider that is down, or whose answers get lost, burns no jobs. */
@ExtendWith(EmbeddedServers.class)
final class CircuitIT {

    @Test
    void an_outage_opens_the_circuit_parks_the_jobs_and_kills_none(
            PostgresDatabase postgres, KafkaCluster kafka, SandboxServer sandbox) {
        try (WorkerStack stack = new WorkerStack(postgres, kafka, sandbox)) {
            String queue = stack.queue(Ordering.NONE, 4);
            String other = stack.queue(Ordering.NONE, 1);
            ChildProcess worker = stack.worker();
            Incarnation me = stack.awaitOwner(worker, queue, 4);
            stack.charges().faults("{\"outage\":\"UNAVAILABLE\"}");
            List<JobId> payments = stack.submitPayments(queue, 60);
            Awaitility.await()
                    .atMost(WorkerStack.PATIENCE)
                    .until(() -> stack.metrics(me)
                            .lines()
                            .anyMatch(line -> line.startsWith("resilience4j_circuitbreaker_state{")
                                    && line.contains("state=\"open\"")
                                    && line.endsWith(" 1.0")));
            Awaitility.await()
                    .atMost(WorkerStack.PATIENCE)
                    .until(() -> stack.count("SELECT count(*) FROM job_attempt WHERE queue = '" + queue
                                    + "' AND outcome = 'parked'")
                            > 0);
            List<JobId> others = stack.submitPauses(other, 5, 10);
            stack.awaitFinal(others); // what does not need the provider goes on
            assertThat(stack.count("SELECT count(*) FROM job_history WHERE queue = '" + queue + "'"))
                    .as("payments that were given up")
                    .isZero();

            stack.charges().faults("{\"outage\":\"NONE\"}");

            stack.awaitFinal(payments);
            stack.assertSucceededOnce(payments);
            stack.assertChargedOnce(payments);
            stack.assertSucceededOnce(others);
        }
    }

    /** The card is charged and the answer lost, each time with the last try: the job must not end as dead. */
    @Test
    void a_charge_whose_answer_is_lost_is_never_closed_as_dead(
            PostgresDatabase postgres, KafkaCluster kafka, SandboxServer sandbox) {
        try (WorkerStack stack = new WorkerStack(postgres, kafka, sandbox)) {
            String queue = stack.queue(Ordering.NONE, 1);
            stack.charges().faults("{\"rules\":{\"RESET_AFTER\":{\"probability\":0,\"next\":3}}}");
            List<JobId> payments = new ArrayList<>();
            for (int i = 0; i < 3; i++) {
                payments.add(stack.submit(
                        queue, "payment.charge", "k", WorkerStack.PAYMENT, Map.of("mustermaxattempts", "1")));
            }
            stack.worker();

            stack.awaitFinal(payments);

            stack.assertSucceededOnce(payments);
            stack.assertChargedOnce(payments);
            assertThat(stack.count(
                            "SELECT count(*) FROM job_attempt WHERE queue = '" + queue + "' AND outcome = 'unknown'"))
                    .isEqualTo(3);
        }
    }
}
