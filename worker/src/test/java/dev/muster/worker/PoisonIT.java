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
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.parallel.Isolated;

/** Jobs that do the worst that they can: each ends with a reason that names the cause, and no other notices. */
@Isolated("its loops take all processors")
@ExtendWith(EmbeddedServers.class)
final class PoisonIT {
    /** More than there are processors, so that they would take every carrier of virtual threads. */
    private static final int LOOPS = Runtime.getRuntime().availableProcessors() + 2;

    private WorkerStack stack;

    @BeforeEach
    void start(PostgresDatabase postgres, KafkaCluster kafka, SandboxServer sandbox) {
        stack = new WorkerStack(postgres, kafka, sandbox);
    }

    @AfterEach
    void stop() {
        stack.close();
    }

    @Test
    void other_jobs_finish_while_loops_hold_every_carrier_and_each_poison_ends_with_its_cause() {
        String queue = stack.queue(Ordering.NONE, 2);
        ChildProcess process = stack.worker(Map.of(
                "MUSTER_RECORD_MAX_BYTES", "2000000",
                "MUSTER_WORKER_MAX_ABANDONED", "100",
                "_JAVA_OPTIONS", "-Xmx512m"));
        Incarnation worker = stack.awaitOwner(process, queue, 2);

        List<JobId> loops = new ArrayList<>();
        for (int i = 0; i < LOOPS; i++) {
            loops.add(poison(queue, "test.poison", "loop"));
        }
        JobId constructing = poison(queue, "test.poison", "constructor-loops");
        awaitRunning(queue, LOOPS + 1);

        Map<JobId, String> causes = new LinkedHashMap<>();
        causes.put(poison(queue, "test.poison", "overflow"), "StackOverflowError");
        causes.put(poison(queue, "test.poison", "huge-result"), "its result has 100000000 characters, more than 65536");
        causes.put(poison(queue, "test.poison", "huge-message"), "gave up after 1 failures: xxx");
        causes.put(poison(queue, "test.poison", "bad-message"), "its message can't be read");
        causes.put(poison(queue, "test.poison", "constructor-throws"), "invalid_payload");
        causes.put(poison(queue, "test.poison", "constructor-errs"), "a constructor that errs");
        causes.put(
                stack.submit(queue, "test.poison", "deep", "[".repeat(450_000) + "]".repeat(450_000)),
                "invalid_payload");
        JobId leaking = poison(queue, "test.poison", "threads");
        List<JobId> good = new ArrayList<>(stack.submitPauses(queue, 50, 20));
        good.addAll(stack.submitPayments(queue, 10));

        stack.awaitFinal(good);
        stack.assertSucceededOnce(good);
        assertThat(stack.count(
                        "SELECT count(*) FROM job_running WHERE queue = '" + queue + "' AND type = 'test.poison'"))
                .as("loops that still run when all the others are done; workers said:%n%s", stack.logs())
                .isGreaterThanOrEqualTo(LOOPS + 1);

        stack.awaitFinal(List.copyOf(causes.keySet()));
        stack.awaitFinal(List.of(leaking));
        causes.forEach((id, cause) -> assertThat(reason(id)).startsWith("dead ").contains(cause));
        assertThat(reason(leaking)).isEqualTo("succeeded");
        assertThat(metric(worker, "jvm_threads_live_threads")).isGreaterThan(PoisonHandler.LEAKED_THREADS);

        loops.add(constructing);
        stack.awaitFinal(loops);
        assertThat(loops)
                .allSatisfy(id -> assertThat(reason(id))
                        .startsWith("dead gave up after 1 failures: timed out after PT20S and ignored its interrupt")
                        .contains("PoisonHandler.spin"));
        assertThat(metric(worker, "muster_jobs_abandoned_total{job_type=\"test.poison\"}"))
                .isEqualTo(loops.size());
        assertThat(metric(worker, "muster_worker_threads_abandoned")).isEqualTo(loops.size());
        Awaitility.await("their slots are free")
                .atMost(WorkerStack.PATIENCE)
                .until(() -> metric(worker, "muster_worker_slots_busy") == 0);
        List<JobId> after = stack.submitPauses(queue, 20, 1);
        stack.awaitFinal(after);
        stack.assertSucceededOnce(after);
        assertThat(process.alive()).isTrue();
    }

    @Test
    void a_worker_with_too_many_abandoned_threads_lets_the_others_finish_and_ends() {
        String queue = stack.queue(Ordering.NONE, 2);
        ChildProcess process = stack.worker(Map.of("MUSTER_WORKER_MAX_ABANDONED", "2"));
        stack.awaitOwner(process, queue, 2);

        List<JobId> unhurried = stack.submitPauses(queue, 4, 9_000);
        List<JobId> loops = List.of(
                poison(queue, "test.poison.quick", "loop"), poison(queue, "test.poison.quick", "constructor-loops"));

        assertThat(process.awaitExit(WorkerStack.PATIENCE))
                .as("workers said:%n%s", stack.logs())
                .isTrue();
        assertThat(process.onExit().join().code())
                .as("nobody told it to, and it has drained")
                .isZero();
        stack.assertSucceededOnce(unhurried);
        assertThat(loops)
                .allSatisfy(id -> assertThat(reason(id)).startsWith("dead gave up after 1 failures: timed out"));
    }

    private JobId poison(String queue, String type, String kind) {
        return stack.submit(queue, type, kind, "{\"kind\":\"" + kind + "\"}");
    }

    private void awaitRunning(String queue, int count) {
        Awaitility.await()
                .atMost(WorkerStack.PATIENCE)
                .untilAsserted(
                        () -> assertThat(stack.count("SELECT count(*) FROM job_running WHERE queue = '" + queue + "'"))
                                .isEqualTo(count));
    }

    private String reason(JobId id) {
        return stack.query("SELECT concat_ws(' ', state, reason, detail) FROM job_history WHERE job_id = '" + id + "'")
                .orElse("no outcome");
    }

    private double metric(Incarnation worker, String name) {
        return stack.metrics(worker)
                .lines()
                .filter(line -> line.startsWith(name + " "))
                .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' '))))
                .sum();
    }
}
