package dev.muster.worker;

import static org.assertj.core.api.Assertions.assertThat;

import dev.muster.embedded.ChildProcess;
import dev.muster.embedded.junit.EmbeddedServers;
import dev.muster.embedded.junit.KafkaCluster;
import dev.muster.embedded.junit.PostgresDatabase;
import dev.muster.embedded.sandbox.SandboxServer;
import dev.muster.fleet.ExitCode;
import dev.muster.fleet.Incarnation;
import dev.muster.job.JobId;
import dev.muster.job.Ordering;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A part of a worker that breaks with jobs in flight is restarted with those after it, and nothing is lost or doubled. */
@ExtendWith(EmbeddedServers.class)
@Execution(ExecutionMode.CONCURRENT)
final class WorkerTreeIT {
    private static final Map<String, String> QUICK_CHECK = Map.of("MUSTER_PAYMENTS_HEALTH_CHECK", "200ms");
    private static final String SLOW = "{\"latency\":{\"minMillis\":50,\"maxMillis\":150}}";
    private static final int KEYS = 6;

    @ParameterizedTest
    @CsvSource({
        "BEFORE_CLAIM, store gateway executor intake commands heartbeat",
        "AFTER_CLAIM, store gateway executor intake commands heartbeat",
        "BEFORE_SETTLE, store gateway executor intake commands heartbeat",
        "AFTER_SETTLE, store gateway executor intake commands heartbeat",
        "HEALTH_CHECK, gateway executor intake commands heartbeat",
        "POLLING, intake commands heartbeat",
        "HEARTBEAT, heartbeat"
    })
    void a_part_that_breaks_is_restarted_with_those_after_it_and_the_worker_lives_on(
            FaultPoint point, String restarted, PostgresDatabase postgres, KafkaCluster kafka, SandboxServer sandbox) {
        try (WorkerStack stack = new WorkerStack(postgres, kafka, sandbox)) {
            stack.charges().faults(SLOW);
            String queue = stack.queue(Ordering.NONE, 4);
            String keyed = stack.queue(Ordering.KEY, 2);
            ChildProcess worker = stack.worker(QUICK_CHECK, point.name(), "THROW", "1");
            Incarnation me = stack.awaitOwner(worker, queue, 4);
            Map<String, List<JobId>> byKey = new HashMap<>();
            List<JobId> all = new ArrayList<>(stack.submitPayments(queue, 60));
            for (int i = 0; i < 60; i++) {
                String key = "key-" + i % KEYS;
                JobId id = stack.submit(keyed, "payment.charge", key, WorkerStack.PAYMENT);
                byKey.computeIfAbsent(key, k -> new ArrayList<>()).add(id);
                all.add(id);
            }

            Awaitility.await()
                    .atMost(WorkerStack.PATIENCE)
                    .untilAsserted(() -> assertThat(startedAgain(stack, worker))
                            .as("restarted; workers said:%n%s", stack.logs())
                            .containsExactlyInAnyOrder(restarted.split(" ")));
            List<JobId> after = stack.submitPayments(queue, 20); // it takes jobs as before
            all.addAll(after);
            stack.awaitFinal(all);

            stack.assertSucceededOnce(all);
            stack.assertChargedOnce(all);
            assertOrder(stack, keyed, byKey);
            assertThat(worker.alive()).isTrue();
            assertThat(stack.rows("SELECT DISTINCT incarnation FROM job_history WHERE queue IN ('" + queue + "', '"
                            + keyed + "')"))
                    .containsExactly(me.id());
            assertThat(stack.members()).containsExactly(me.id());
            assertThat(startedAgain(stack, worker)).containsExactlyInAnyOrder(restarted.split(" "));
            Awaitility.await()
                    .atMost(WorkerStack.PATIENCE)
                    .untilAsserted(() -> assertThat(stack.metrics(me)).contains("muster_worker_slots_busy 0.0"));
        }
    }

    @ParameterizedTest
    @CsvSource({"HEARTBEAT, heartbeat", "POLLING, intake", "AFTER_CLAIM, store"})
    void one_that_breaks_again_and_again_ends_the_process_which_says_why(
            FaultPoint point, String part, PostgresDatabase postgres, KafkaCluster kafka, SandboxServer sandbox) {
        try (WorkerStack stack = new WorkerStack(postgres, kafka, sandbox)) {
            stack.charges().faults(SLOW);
            String queue = stack.queue(Ordering.NONE, 4);
            ChildProcess worker = stack.worker(point.name(), "THROW", "1+");
            Incarnation dead = stack.incarnationOf(worker);
            List<JobId> payments = stack.submitPayments(queue, 120);

            assertThat(worker.awaitExit(WorkerStack.PATIENCE))
                    .as("it ends; workers said:%n%s", stack.logs())
                    .isTrue();

            assertThat(worker.onExit().join().code()).isEqualTo(ExitCode.FAILED.code());
            assertThat(stack.exitReason(dead))
                    .startsWith("FAILED")
                    .contains(part + " broke down too often", "broken on purpose at " + point);
            assertThat(stack.events(worker)).endsWith("escalated worker/" + part);
            stack.worker();
            stack.fence(dead);
            stack.evict(dead);
            stack.awaitFinal(payments);
            stack.assertSucceededOnce(payments);
            stack.assertChargedOnce(payments);
        }
    }

    /** The executor has to be stopped; with a thread left over, the same job could run twice. So the process ends. */
    @Test
    void a_job_that_ignores_its_interrupt_costs_the_process_and_not_a_second_thread(
            PostgresDatabase postgres, KafkaCluster kafka, SandboxServer sandbox) {
        try (WorkerStack stack = new WorkerStack(postgres, kafka, sandbox)) {
            stack.charges().faults(SLOW);
            String queue = stack.queue(Ordering.NONE, 4);
            ChildProcess worker = stack.worker(QUICK_CHECK, "HEALTH_CHECK", "THROW", "1");
            Incarnation dead = stack.awaitOwner(worker, queue, 4);
            List<JobId> jobs = new ArrayList<>(List.of(stack.submit(queue, "test.stubborn", "s", "{}")));
            Awaitility.await()
                    .atMost(WorkerStack.PATIENCE)
                    .until(() -> stack.count("SELECT count(*) FROM job_running WHERE queue = '" + queue + "'") == 1);
            List<JobId> payments = stack.submitPayments(queue, 20);
            jobs.addAll(payments);

            assertThat(worker.awaitExit(WorkerStack.PATIENCE))
                    .as("it ends; workers said:%n%s", stack.logs())
                    .isTrue();

            assertThat(worker.onExit().join().code()).isEqualTo(ExitCode.FAILED.code());
            assertThat(stack.exitReason(dead)).contains("executor", "1 threads of jobs");
            stack.worker();
            stack.fence(dead);
            stack.evict(dead);
            stack.awaitFinal(jobs);
            stack.assertSucceededOnce(jobs);
            stack.assertChargedOnce(payments);
        }
    }

    @Test
    void a_part_that_breaks_while_the_worker_drains_is_restarted_and_it_drains_on(
            PostgresDatabase postgres, KafkaCluster kafka, SandboxServer sandbox) {
        try (WorkerStack stack = new WorkerStack(postgres, kafka, sandbox)) {
            stack.charges().faults(SLOW);
            String queue = stack.queue(Ordering.NONE, 4);
            ChildProcess worker = stack.worker(QUICK_CHECK, "HEALTH_CHECK", "THROW", "LEFT");
            Incarnation me = stack.awaitOwner(worker, queue, 4);
            List<JobId> jobs = new ArrayList<>(stack.submitPauses(queue, 8, 8_000));
            Awaitility.await()
                    .atMost(WorkerStack.PATIENCE)
                    .until(() -> stack.count("SELECT count(*) FROM job_running WHERE queue = '" + queue + "'") == 8);
            List<JobId> payments = stack.submitPayments(queue, 6);
            stack.awaitFinal(payments);
            jobs.addAll(payments);

            worker.signal("TERM");
            assertThat(worker.awaitExit(WorkerStack.PATIENCE))
                    .as("it drains; workers said:%n%s", stack.logs())
                    .isTrue();

            assertThat(worker.onExit().join().code()).isEqualTo(ExitCode.NORMAL.code());
            assertThat(stack.exitReason(me)).contains("drained").doesNotContain("left to others");
            stack.assertSucceededOnce(jobs);
            stack.assertChargedOnce(payments);
            assertThat(stack.members()).isEmpty();
            assertThat(startedAgain(stack, worker))
                    .as("without intake: it has left for good")
                    .containsExactlyInAnyOrder("gateway", "executor", "commands", "heartbeat");
        }
    }

    @Test
    void a_handler_that_throws_an_error_touches_no_other_job(
            PostgresDatabase postgres, KafkaCluster kafka, SandboxServer sandbox) {
        try (WorkerStack stack = new WorkerStack(postgres, kafka, sandbox)) {
            String queue = stack.queue(Ordering.NONE, 4);
            ChildProcess worker = stack.worker();
            List<JobId> others = new ArrayList<>();
            List<JobId> errors = new ArrayList<>();
            for (int i = 0; i < 20; i++) {
                others.addAll(stack.submitPauses(queue, 2, 100));
                errors.add(stack.submit(
                        queue,
                        "test.error",
                        "e" + i,
                        "{\"error\":\"" + (i % 2 == 0 ? "stack" : "memory") + "\"}",
                        Map.of("mustermaxattempts", "1")));
            }

            stack.awaitFinal(others);
            stack.awaitFinal(errors);

            stack.assertSucceededOnce(others);
            assertThat(stack.rows("SELECT DISTINCT split_part(detail, ':', 1) FROM job_history WHERE queue = '" + queue
                            + "' AND state = 'dead' ORDER BY 1"))
                    .containsExactly("java.lang.OutOfMemoryError", "java.lang.StackOverflowError");
            assertThat(worker.alive()).isTrue();
            assertThat(startedAgain(stack, worker)).isEmpty();
        }
    }

    /** The parts directly below the root that were started twice. */
    private static Set<String> startedAgain(WorkerStack stack, ChildProcess worker) {
        Map<String, Integer> starts = new HashMap<>();
        stack.events(worker).stream()
                .filter(event -> event.startsWith("started worker/"))
                .map(event -> event.substring("started worker/".length()))
                .filter(part -> part.indexOf('/') < 0)
                .forEach(part -> starts.merge(part, 1, Integer::sum));
        Set<String> again = new TreeSet<>();
        starts.forEach((part, count) -> {
            if (count > 1) {
                again.add(part);
            }
        });
        return again;
    }

    private static void assertOrder(WorkerStack stack, String queue, Map<String, List<JobId>> byKey) {
        byKey.forEach((key, ids) -> {
            assertThat(stack.rows("SELECT job_id FROM job_history WHERE queue = '" + queue + "' AND order_key = '" + key
                            + "' ORDER BY started_at"))
                    .as("start order of %s", key)
                    .containsExactlyElementsOf(ids.stream().map(JobId::toString).toList());
            assertThat(stack.rows("SELECT job_id FROM (SELECT job_id, started_at, lag(settled_at) OVER"
                            + " (ORDER BY started_at) AS before FROM job_history WHERE queue = '" + queue
                            + "' AND order_key = '" + key + "') h WHERE started_at < before"))
                    .as("jobs of %s that started before the one before was over", key)
                    .isEmpty();
        });
    }
}
