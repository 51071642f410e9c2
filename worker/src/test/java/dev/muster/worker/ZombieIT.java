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
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * A worker that was stopped, given up and wakes again: its jobs have ended elsewhere, it can write nothing, charge
 * nothing and does not come back.
 */
@ExtendWith(EmbeddedServers.class)
@Execution(ExecutionMode.CONCURRENT)
final class ZombieIT {

    @ParameterizedTest
    @CsvSource({"AFTER_CLAIM, 2", "BEFORE_CALL, 3", "AFTER_CALL, 3"})
    void H17_a_zombie_wakes_halts_and_does_not_come_back(
            FaultPoint point, String nth, PostgresDatabase postgres, KafkaCluster kafka, SandboxServer sandbox) {
        try (WorkerStack stack = new WorkerStack(postgres, kafka, sandbox)) {
            String queue = stack.queue(Ordering.NONE, 4);
            ChildProcess zombie = stack.worker(point.name(), "STOP", nth);
            stack.worker();
            Incarnation dead = stack.awaitOwner(zombie, queue, 2);
            List<JobId> payments = stack.submitPayments(queue, 30);
            stack.awaitStopped(zombie);
            stack.fence(dead);
            stack.evict(dead);
            stack.awaitFinal(payments);

            zombie.signal("CONT");

            assertThat(zombie.awaitExit(WorkerStack.PATIENCE)).isTrue();
            assertThat(stack.members()).as("it has not joined again").doesNotContain(dead.id());
            assertHalted(zombie, dead, stack);
            stack.assertSucceededOnce(payments);
            stack.assertChargedOnce(payments);
            assertThat(stack.count("SELECT count(*) FROM job_history WHERE queue = '" + queue + "' AND recoveries > 0"))
                    .as("jobs that were adopted from the zombie")
                    .isPositive();
        }
    }

    @Test
    void a_zombies_outcome_is_refused_counted_and_on_record(
            PostgresDatabase postgres, KafkaCluster kafka, SandboxServer sandbox) throws SQLException {
        try (WorkerStack stack = new WorkerStack(postgres, kafka, sandbox)) {
            String queue = stack.queue(Ordering.NONE, 4);
            ChildProcess zombie = stack.worker("BEFORE_SETTLE", "STOP", "2");
            stack.worker();
            Incarnation dead = stack.awaitOwner(zombie, queue, 2);
            List<JobId> payments = stack.submitPayments(queue, 30);
            stack.awaitStopped(zombie);
            // Its connections stay: over a broken one its first try would fail, and its census then drops the outcome.
            assertThat(stack.query("SELECT fence('" + dead + "', 'test', '" + dead + "', NULL)"))
                    .contains("fenced");
            stack.evict(dead);
            stack.awaitFinal(payments);

            // It is to try its write before it finds out that it is fenced: its own row can't be read for a while.
            try (Connection holder = stack.connect();
                    Statement statement = holder.createStatement()) {
                holder.setAutoCommit(false);
                statement.execute("LOCK TABLE worker_incarnation IN ACCESS EXCLUSIVE MODE");
                int port = port(statement, dead);
                zombie.signal("CONT");
                Awaitility.await().atMost(WorkerStack.PATIENCE).untilAsserted(() -> {
                    assertThat(stack.count("SELECT count(*) FROM rejected_write WHERE incarnation = '" + dead
                                    + "' AND operation = 'settle'"))
                            .isPositive();
                    assertThat(WorkerStack.metrics(port))
                            .containsPattern("muster_fencing_rejections_total\\{operation=\"settle\"} [1-9]");
                });
                holder.rollback();
            }

            assertHalted(zombie, dead, stack);
            stack.assertSucceededOnce(payments);
            stack.assertChargedOnce(payments);
        }
    }

    /** H2: the fence waits for no lock, and the statement that stood there comes to nothing. */
    @Test
    void H2_a_zombie_whose_settle_waits_for_a_lock_is_fenced_at_once(
            PostgresDatabase postgres, KafkaCluster kafka, SandboxServer sandbox) throws SQLException {
        try (WorkerStack stack = new WorkerStack(postgres, kafka, sandbox)) {
            String queue = stack.queue(Ordering.NONE, 4);
            ChildProcess zombie = stack.worker();
            Incarnation dead = stack.awaitOwner(zombie, queue, 4);
            List<JobId> jobs = stack.submitPauses(queue, 6, 1_500);
            awaitRunning(stack, dead, jobs.size());

            try (Connection holder = stack.connect();
                    Statement statement = holder.createStatement()) {
                holder.setAutoCommit(false);
                statement.execute("SELECT FROM job_running WHERE incarnation = '" + dead + "' FOR UPDATE");
                stack.awaitBlocked(dead, "settle");
                zombie.signal("STOP");
                stack.awaitStopped(zombie);
                stack.fence(dead);
                holder.rollback();
            }
            stack.worker();
            stack.evict(dead);
            stack.awaitFinal(jobs);
            zombie.signal("CONT");

            assertHalted(zombie, dead, stack);
            stack.assertSucceededOnce(jobs);
            assertThat(stack.count("SELECT count(*) FROM job_history WHERE queue = '" + queue + "' AND recoveries = 1"))
                    .isEqualTo(jobs.size());
        }
    }

    /** The outcome was written while its worker was frozen: the job is over and nobody runs it again. */
    @Test
    void a_settle_that_commits_while_its_worker_is_frozen_counts(
            PostgresDatabase postgres, KafkaCluster kafka, SandboxServer sandbox) throws SQLException {
        try (WorkerStack stack = new WorkerStack(postgres, kafka, sandbox)) {
            String queue = stack.queue(Ordering.NONE, 1); // one partition, so one lane and one settle
            ChildProcess zombie = stack.worker();
            Incarnation dead = stack.awaitOwner(zombie, queue, 1);
            List<JobId> jobs = stack.submitPauses(queue, 1, 1_500);
            awaitRunning(stack, dead, jobs.size());

            try (Connection holder = stack.connect();
                    Statement statement = holder.createStatement()) {
                holder.setAutoCommit(false);
                statement.execute("SELECT FROM job_running WHERE incarnation = '" + dead + "' FOR UPDATE");
                stack.awaitBlocked(dead, "settle");
                zombie.signal("STOP");
                holder.rollback();
            }
            stack.awaitFinal(jobs);
            stack.fence(dead);
            stack.worker();
            stack.evict(dead);
            List<JobId> further = stack.submitPauses(queue, 1, 10);
            stack.awaitFinal(further);
            zombie.signal("CONT");

            assertHalted(zombie, dead, stack);
            stack.assertSucceededOnce(jobs);
            stack.assertSucceededOnce(further);
            assertThat(stack.rows("SELECT attempt || ' ' || incarnation FROM job_history WHERE job_id = '"
                            + jobs.getFirst() + "'"))
                    .containsExactly("1 " + dead);
        }
    }

    /** H7 and H8: the claim commits, its worker never hears of it; the rows are there and get adopted. */
    @Test
    void a_claim_that_commits_while_its_worker_is_frozen_is_adopted(
            PostgresDatabase postgres, KafkaCluster kafka, SandboxServer sandbox) throws SQLException {
        try (WorkerStack stack = new WorkerStack(postgres, kafka, sandbox)) {
            String queue = stack.queue(Ordering.NONE, 1);
            ChildProcess zombie = stack.worker();
            Incarnation dead = stack.awaitOwner(zombie, queue, 1);

            List<JobId> payments;
            try (Connection holder = stack.connect();
                    Statement statement = holder.createStatement()) {
                holder.setAutoCommit(false);
                statement.execute("SELECT FROM partition_owner WHERE queue = '" + queue + "' FOR UPDATE");
                payments = stack.submitPayments(queue, 1);
                stack.awaitBlocked(dead, "claim");
                zombie.signal("STOP");
                holder.rollback();
            }
            awaitRunning(stack, dead, 1);
            stack.fence(dead);
            stack.worker();
            stack.evict(dead);
            stack.awaitFinal(payments);
            zombie.signal("CONT");

            assertHalted(zombie, dead, stack);
            stack.assertSucceededOnce(payments);
            stack.assertChargedOnce(payments);
            assertThat(stack.rows("SELECT recoveries FROM job_history WHERE job_id = '" + payments.getFirst() + "'"))
                    .containsExactly("1");
        }
    }

    /** H8: what its new owner could not adopt at its takeover, it finds later: no notice tells of this fence. */
    @Test
    void what_is_fenced_only_after_its_partitions_have_moved_is_found_by_the_scan(
            PostgresDatabase postgres, KafkaCluster kafka, SandboxServer sandbox) {
        try (WorkerStack stack = new WorkerStack(postgres, kafka, sandbox)) {
            String queue = stack.queue(Ordering.NONE, 2);
            ChildProcess zombie = stack.worker();
            Incarnation dead = stack.awaitOwner(zombie, queue, 2);
            List<JobId> jobs = stack.submitPauses(queue, 4, 1_500);
            awaitRunning(stack, dead, jobs.size());
            zombie.signal("STOP");

            ChildProcess heir = stack.worker();
            stack.evict(dead);
            stack.awaitOwner(heir, queue, 2);
            stack.fence(dead);
            stack.awaitFinal(jobs);
            zombie.signal("CONT");

            assertHalted(zombie, dead, stack);
            stack.assertSucceededOnce(jobs);
        }
    }

    private static void assertHalted(ChildProcess zombie, Incarnation dead, WorkerStack stack) {
        assertThat(zombie.awaitExit(WorkerStack.PATIENCE))
                .as("the zombie ends; workers said:%n%s", stack.logs())
                .isTrue();
        assertThat(zombie.onExit().join().code()).isEqualTo(ExitCode.FENCED.code());
        // Where it could read its own row it has not joined again; else its session has to end first.
        Awaitility.await()
                .atMost(WorkerStack.PATIENCE)
                .untilAsserted(() -> assertThat(stack.members()).doesNotContain(dead.id()));
        assertThat(stack.count("SELECT count(*) FROM partition_owner WHERE incarnation = '" + dead + "'"))
                .as("partitions that the zombie has taken back")
                .isZero();
    }

    private static void awaitRunning(WorkerStack stack, Incarnation incarnation, int jobs) {
        Awaitility.await()
                .atMost(WorkerStack.PATIENCE)
                .until(() -> stack.count("SELECT count(*) FROM job_running WHERE incarnation = '" + incarnation + "'")
                        == jobs);
    }

    private static int port(Statement statement, Incarnation incarnation) throws SQLException {
        try (var rows = statement.executeQuery(
                "SELECT health_port FROM worker_incarnation WHERE incarnation = '" + incarnation + "'")) {
            rows.next();
            return rows.getInt(1);
        }
    }
}
