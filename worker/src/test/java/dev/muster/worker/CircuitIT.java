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

    @Test
    void an_idle_worker_learns_that_the_provider_is_away_and_back_and_burns_no_job(
            PostgresDatabase postgres, KafkaCluster kafka, SandboxServer sandbox) {
        try (WorkerStack stack = new WorkerStack(postgres, kafka, sandbox)) {
            String queue = stack.queue(Ordering.NONE, 2);
            ChildProcess worker = stack.worker(Map.of("MUSTER_PAYMENTS_HEALTH_CHECK", "100ms"));
            Incarnation me = stack.awaitOwner(worker, queue, 2);
            int before = stack.charges().succeeded().size();

            stack.charges().faults("{\"outage\":\"REFUSE\"}");
            awaitCircuit(stack, me, "open", "0.0");
            List<JobId> payments = stack.submitPayments(queue, 10);
            Awaitility.await() // by then jobs would have been sent to try the provider
                    .atMost(WorkerStack.PATIENCE)
                    .until(() -> failedChecks(stack, me) > 30);
            assertThat(stack.count(
                            "SELECT count(*) FROM job_attempt WHERE queue = '" + queue + "' AND outcome <> 'parked'"))
                    .as("attempts that were burnt")
                    .isZero();

            stack.charges().faults("{\"outage\":\"NONE\"}");
            awaitCircuit(stack, me, "closed", "1.0");
            stack.awaitFinal(payments);
            stack.assertSucceededOnce(payments);
            stack.assertChargedOnce(payments);
            assertThat(stack.charges().succeeded()).hasSize(before + payments.size());
        }
    }

    /** One partition: what needs no provider stands behind what does. */
    @Test
    void jobs_behind_those_whose_provider_is_down_go_on_and_those_keep_their_places(
            PostgresDatabase postgres, KafkaCluster kafka, SandboxServer sandbox) {
        try (WorkerStack stack = new WorkerStack(postgres, kafka, sandbox)) {
            String queue = stack.queue(Ordering.KEY, 1);
            ChildProcess worker = stack.worker(Map.of("MUSTER_PAYMENTS_HEALTH_CHECK", "100ms"));
            Incarnation me = stack.awaitOwner(worker, queue, 1);
            stack.charges().faults("{\"outage\":\"REFUSE\"}");
            awaitCircuit(stack, me, "open", "0.0");

            List<JobId> payments = stack.submitPayments(queue, 40);
            JobId behindItsKey = stack.submit(queue, "test.pause", "k0", "{\"millis\":1,\"later\":1}");
            JobId free = stack.submit(queue, "test.pause", "nobody-else", "{\"millis\":1,\"later\":1}");
            stack.awaitFinal(List.of(free));
            assertThat(stack.count("SELECT count(*) FROM job_history WHERE queue = '" + queue + "'"))
                    .isEqualTo(1);
            assertThat(stack.count(
                            "SELECT count(*) FROM job_attempt WHERE queue = '" + queue + "' AND outcome <> 'parked'"))
                    .as("attempts that were burnt")
                    .isZero();

            stack.charges().faults("{\"outage\":\"NONE\"}");
            stack.awaitFinal(payments);
            stack.awaitFinal(List.of(behindItsKey));
            stack.assertSucceededOnce(payments);
            assertThat(stack.rows("SELECT job_id FROM job_history WHERE queue = '" + queue
                            + "' AND order_key = 'k0' ORDER BY started_at"))
                    .containsExactly(payments.getFirst().toString(), behindItsKey.toString());
        }
    }

    /** A death costs nobody an attempt, also where the provider is slower than the recovery. */
    @Test
    void a_call_that_a_dead_worker_has_left_under_way_costs_no_attempt(
            PostgresDatabase postgres, KafkaCluster kafka, SandboxServer sandbox) {
        try (WorkerStack stack = new WorkerStack(postgres, kafka, sandbox)) {
            String queue = stack.queue(Ordering.NONE, 1);
            // Replays take as long as calls.
            Map<String, String> patient = Map.of("MUSTER_PAYMENTS_TIMEOUT", "30s");
            ChildProcess first = stack.worker(patient);
            Incarnation me = stack.awaitOwner(first, queue, 1);
            ChildProcess second = stack.worker(patient);
            stack.incarnationOf(second);
            stack.charges().faults("{\"latency\":{\"minMillis\":4000,\"maxMillis\":4000}}");
            try {
                List<JobId> payments = stack.submitPayments(queue, 8);
                Awaitility.await()
                        .atMost(WorkerStack.PATIENCE)
                        .until(() -> stack.charges().underWay() == payments.size());

                first.killHard();
                stack.fence(me);
                stack.evict(me);

                stack.awaitFinal(payments);
                stack.assertSucceededOnce(payments);
                stack.assertChargedOnce(payments);
                assertThat(stack.count("SELECT count(*) FROM job_attempt WHERE outcome = 'unknown' AND queue = '"
                                + queue + "'"))
                        .as("runs that found a call under way")
                        .isPositive();
                assertThat(stack.count("SELECT max(failures) FROM job_history WHERE queue = '" + queue + "'"))
                        .as("attempts that were spent")
                        .isZero();
            } finally {
                stack.charges().faults("{\"latency\":{\"minMillis\":0,\"maxMillis\":0}}");
            }
        }
    }

    private static void awaitCircuit(WorkerStack stack, Incarnation me, String state, String up) {
        Awaitility.await()
                .atMost(WorkerStack.PATIENCE)
                .untilAsserted(() -> assertThat(stack.metrics(me))
                        .containsPattern("resilience4j_circuitbreaker_state\\{[^}]*state=\"" + state + "\"[^}]*} 1\\.0")
                        .contains("muster_provider_up{provider=\"payments\"} " + up));
    }

    private static double failedChecks(WorkerStack stack, Incarnation me) {
        return stack.metrics(me)
                .lines()
                .filter(line -> line.startsWith("muster_provider_requests_total{")
                        && line.contains("\"health\"")
                        && line.contains("\"connect_error\""))
                .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
                .sum();
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

    @Test
    void a_provider_that_names_a_time_is_asked_again_at_that_time(
            PostgresDatabase postgres, KafkaCluster kafka, SandboxServer sandbox) {
        try (WorkerStack stack = new WorkerStack(postgres, kafka, sandbox)) {
            String queue = stack.queue(Ordering.NONE, 1);
            stack.charges()
                    .faults("{\"retryAfterSeconds\":3,\"rules\":{\"RATE_LIMIT\":{\"probability\":0,\"next\":1}}}");
            List<JobId> payments = stack.submitPayments(queue, 1);
            stack.worker();

            stack.awaitFinal(payments);

            stack.assertChargedOnce(payments);
            assertThat(stack.rows(
                            "SELECT outcome || ' ' || reason || ' ' || extract(epoch FROM due_at - ended_at)::int "
                                    + "FROM job_attempt WHERE queue = '" + queue + "'"))
                    .containsExactly("retried the provider limits our rate 3");
        }
    }
}
