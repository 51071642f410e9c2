package dev.muster.worker;

import static org.assertj.core.api.Assertions.assertThat;

import dev.muster.embedded.ChildProcess;
import dev.muster.embedded.junit.EmbeddedServers;
import dev.muster.embedded.junit.KafkaCluster;
import dev.muster.embedded.junit.PostgresDatabase;
import dev.muster.embedded.sandbox.SandboxServer;
import dev.muster.embedded.wire.TcpProxy;
import dev.muster.embedded.wire.Wire;
import dev.muster.fleet.ExitCode;
import dev.muster.fleet.Incarnation;
import dev.muster.job.JobId;
import dev.muster.job.Ordering;
import dev.muster.protocol.Topics;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.TopicExistsException;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The interleavings of the ownership protocol that need real processes: rebalances, cut wires, drains, lost answers.
 * Which test covers which of them, and by which guard, is in docs/protocol-tests.md.
 */
@ExtendWith(EmbeddedServers.class)
@Execution(ExecutionMode.CONCURRENT)
final class InterleavingIT {

    @Test
    void H3_who_is_cut_off_from_postgres_during_a_rebalance_is_not_fenced_and_settles_what_it_runs(
            PostgresDatabase postgres, KafkaCluster kafka, SandboxServer sandbox) {
        try (WorkerStack stack = new WorkerStack(postgres, kafka, sandbox);
                TcpProxy wire = stack.wireToPostgres()) {
            String queue = stack.queue(Ordering.NONE, 4);
            ChildProcess a = stack.worker(stack.over(wire));
            Incarnation cutOff = stack.awaitOwner(a, queue, 4);
            List<JobId> jobs = stack.submitPauses(queue, 12, 14_000);
            awaitRunning(stack, cutOff, jobs.size());
            wire.set(new Wire.Reset());

            ChildProcess b = stack.worker();
            stack.awaitOwner(b, queue, 2); // the group moved them; A could not say that it let go
            // Longer than it takes B to judge who is absent: its fresh window and a second more.
            Awaitility.await()
                    .during(Duration.ofSeconds(5))
                    .atMost(WorkerStack.PATIENCE)
                    .until(() -> stack.count("SELECT count(*) FROM worker_incarnation WHERE pool = '" + stack.pool()
                                    + "' AND fenced_at IS NOT NULL")
                            == 0);
            wire.heal();

            stack.awaitFinal(jobs);
            stack.assertSucceededOnce(jobs);
            assertThat(stack.rows("SELECT DISTINCT incarnation || ' ' || attempt FROM job_history WHERE queue = '"
                            + queue + "'"))
                    .containsExactly(cutOff + " 1");
            assertThat(a.alive()).isTrue();
            assertThat(b.alive()).isTrue();
        }
    }

    @Test
    void H6_a_job_that_was_handed_over_running_is_found_when_its_worker_dies(
            PostgresDatabase postgres, KafkaCluster kafka, SandboxServer sandbox) {
        try (WorkerStack stack = new WorkerStack(postgres, kafka, sandbox)) {
            String queue = stack.queue(Ordering.NONE, 4);
            ChildProcess a = stack.worker();
            Incarnation first = stack.awaitOwner(a, queue, 4);
            List<JobId> jobs = new ArrayList<>();
            for (int i = 0; i < 12; i++) {
                jobs.add(stack.submit(queue, "test.pause", "k" + i, "{\"millis\":60000,\"later\":50}"));
            }
            awaitRunning(stack, first, jobs.size());
            ChildProcess b = stack.worker();
            Incarnation second = stack.awaitOwner(b, queue, 2);
            assertThat(stack.count("SELECT count(*) FROM job_running r JOIN partition_owner p USING (queue, partition)"
                            + " WHERE r.incarnation = '" + first + "' AND p.incarnation = '" + second + "'"))
                    .as("jobs that A runs in partitions that are B's")
                    .isPositive();

            a.killHard();

            stack.awaitFinal(jobs);
            stack.assertSucceededOnce(jobs);
            assertThat(stack.rows(
                            "SELECT DISTINCT incarnation || ' recoveries ' || recoveries || ' failures ' || failures"
                                    + " FROM job_history WHERE queue = '" + queue + "'"))
                    .containsExactly(second + " recoveries 1 failures 0");
        }
    }

    /** The session timeout is set so high that partitions which waited for it would come far too late. */
    @Test
    void H6_H10_a_drained_worker_leaves_at_once_and_settles_its_long_job_under_its_lease(
            PostgresDatabase postgres, KafkaCluster kafka, SandboxServer sandbox) {
        try (WorkerStack stack =
                new WorkerStack(postgres, kafka, sandbox, Map.of("muster.group.session-timeout", "40s"))) {
            String queue = stack.queue(Ordering.NONE, 4);
            // Only the judge of absence keeps a short fresh window, so that it would fence the draining one in time.
            Map<String, String> judgesSoon = Map.of("MUSTER_GROUP_SESSION_TIMEOUT", "1s");
            ChildProcess a = stack.worker(judgesSoon);
            ChildProcess b = stack.worker(judgesSoon);
            Incarnation drained = stack.awaitOwner(a, queue, 2);
            Incarnation heir = stack.awaitOwner(b, queue, 2);
            List<JobId> jobs = stack.submitPauses(queue, 12, 9_000);
            Awaitility.await()
                    .atMost(WorkerStack.PATIENCE)
                    .until(() -> stack.count("SELECT count(*) FROM job_running WHERE queue = '" + queue + "'")
                            == jobs.size());
            long running = stack.count("SELECT count(*) FROM job_running WHERE incarnation = '" + drained + "'");
            assertThat(running).isPositive();

            a.signal("TERM");

            Awaitility.await()
                    .atMost(Duration.ofSeconds(15))
                    .until(() -> stack.count("SELECT count(*) FROM partition_owner WHERE incarnation = '" + heir + "'")
                            == 4);
            assertThat(a.awaitExit(WorkerStack.PATIENCE)).isTrue();
            assertThat(a.onExit().join().code()).isEqualTo(ExitCode.NORMAL.code());
            stack.awaitFinal(jobs);
            stack.assertSucceededOnce(jobs);
            assertThat(stack.count(
                            "SELECT count(*) FROM job_history WHERE incarnation = '" + drained + "' AND attempt = 1"))
                    .isEqualTo(running);
            assertThat(stack.query("SELECT fenced_by || ' ' || fenced_reason FROM worker_incarnation"
                            + " WHERE incarnation = '" + drained + "'"))
                    .contains(drained + " left");
        }
    }

    @Test
    void a_drain_that_runs_out_of_time_leaves_its_jobs_to_others_and_spends_nothing(
            PostgresDatabase postgres, KafkaCluster kafka, SandboxServer sandbox) {
        try (WorkerStack stack = new WorkerStack(postgres, kafka, sandbox)) {
            String queue = stack.queue(Ordering.NONE, 2);
            ChildProcess a = stack.worker(Map.of("MUSTER_WORKER_DRAIN_TIMEOUT", "1s"));
            Incarnation impatient = stack.awaitOwner(a, queue, 2);
            List<JobId> jobs = new ArrayList<>();
            for (int i = 0; i < 6; i++) {
                jobs.add(stack.submit(
                        queue,
                        "test.pause",
                        "k" + i,
                        "{\"millis\":60000,\"later\":50}",
                        Map.of("mustermaxattempts", "1"))); // one failure would be the end
            }
            awaitRunning(stack, impatient, jobs.size());

            a.signal("TERM");
            assertThat(a.awaitExit(WorkerStack.PATIENCE)).isTrue();
            stack.worker();

            stack.awaitFinal(jobs);
            stack.assertSucceededOnce(jobs);
            assertThat(stack.count("SELECT sum(failures) FROM job_history WHERE queue = '" + queue + "'"))
                    .isZero();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"take_over", "claim", "intend", "settle", "start_due"})
    void H7_a_statement_that_commits_without_an_answer_leaves_nothing_stuck(
            String function, PostgresDatabase postgres, KafkaCluster kafka, SandboxServer sandbox) {
        try (WorkerStack stack = new WorkerStack(postgres, kafka, sandbox);
                TcpProxy wire = stack.wireToPostgres()) {
            String queue = stack.queue(Ordering.KEY, 2);
            wire.loseAnswerTo(" " + function + "(");
            ChildProcess worker = stack.worker(stack.over(wire));
            stack.awaitOwner(worker, queue, 2);
            List<JobId> payments = new ArrayList<>();
            for (int i = 0; i < 20; i++) {
                // Two to a key, so that some are started by a settle and some found to be due.
                payments.add(stack.submit(queue, "payment.charge", "k" + i / 2, WorkerStack.PAYMENT));
            }
            Map<String, String> soon =
                    Map.of("musterrunat", Instant.now().plusSeconds(5).toString());
            for (int i = 0; i < 4; i++) {
                payments.add(stack.submit(queue, "payment.charge", "later" + i, WorkerStack.PAYMENT, soon));
            }

            Awaitility.await().atMost(WorkerStack.PATIENCE).until(wire::hasLostAnswer);
            stack.awaitFinal(payments);
            stack.assertSucceededOnce(payments);
            stack.assertChargedOnce(payments);
        }
    }

    @Test
    void H7_connections_that_break_under_load_leave_nothing_stuck(
            PostgresDatabase postgres, KafkaCluster kafka, SandboxServer sandbox) {
        try (WorkerStack stack = new WorkerStack(postgres, kafka, sandbox)) {
            String queue = stack.queue(Ordering.NONE, 4);
            ChildProcess a = stack.worker();
            Incarnation me = stack.awaitOwner(a, queue, 4);
            List<JobId> payments = new ArrayList<>();
            for (int round = 0; round < 12; round++) {
                payments.addAll(stack.submitPayments(queue, 10));
                stack.query("SELECT end_backends('" + me + "')");
            }

            stack.awaitFinal(payments);
            stack.assertSucceededOnce(payments);
            stack.assertChargedOnce(payments);
            assertThat(a.alive()).isTrue();
        }
    }

    /** Longer than max.poll.interval.ms, which would expel a worker whose poll thread waits for Postgres. */
    @Test
    void H9_a_worker_without_postgres_stays_in_its_group(
            PostgresDatabase postgres, KafkaCluster kafka, SandboxServer sandbox) {
        try (WorkerStack stack = new WorkerStack(postgres, kafka, sandbox);
                TcpProxy wire = stack.wireToPostgres()) {
            String queue = stack.queue(Ordering.NONE, 4);
            ChildProcess a = stack.worker(stack.over(wire));
            Incarnation me = stack.awaitOwner(a, queue, 4);
            int epoch = epoch(stack, queue);
            wire.set(new Wire.Drop());
            List<JobId> payments = stack.submitPayments(queue, 20);

            Awaitility.await()
                    .during(Duration.ofSeconds(13))
                    .atMost(WorkerStack.PATIENCE)
                    .until(() -> stack.members().contains(me.id()));
            wire.set(new Wire.Reset());
            wire.heal();

            stack.awaitFinal(payments);
            stack.assertSucceededOnce(payments);
            stack.assertChargedOnce(payments);
            assertThat(epoch(stack, queue)).as("it never had to join again").isEqualTo(epoch);
        }
    }

    @Test
    void H11_what_kafka_has_committed_is_never_ahead_of_postgres(
            PostgresDatabase postgres, KafkaCluster kafka, SandboxServer sandbox) {
        try (WorkerStack stack = new WorkerStack(postgres, kafka, sandbox)) {
            String queue = stack.queue(Ordering.NONE, 2);
            stack.worker();
            List<JobId> jobs = stack.submitPauses(queue, 120, 100);

            // Kafka first: what it says may be old by the time Postgres is asked, which only adds to Postgres.
            Awaitility.await()
                    .atMost(WorkerStack.PATIENCE)
                    .pollInterval(Duration.ofMillis(50))
                    .until(() -> {
                        Map<TopicPartition, Long> committed = committed(stack);
                        committed.forEach((tp, offset) -> assertThat(next(stack, queue, tp.partition()))
                                .as("next offset of %s in Postgres", tp)
                                .isGreaterThanOrEqualTo(offset));
                        return committed.values().stream()
                                        .mapToLong(Long::longValue)
                                        .sum()
                                == jobs.size();
                    });
            stack.awaitFinal(jobs);
            stack.assertSucceededOnce(jobs);
        }
    }

    /** The lane of one partition can't claim; the other one's commits go on, and take nothing of the first along. */
    @Test
    void H11_what_is_polled_and_not_claimed_is_not_committed(
            PostgresDatabase postgres, KafkaCluster kafka, SandboxServer sandbox) throws SQLException {
        try (WorkerStack stack = new WorkerStack(postgres, kafka, sandbox)) {
            String queue = stack.queue(Ordering.NONE, 2);
            Incarnation me = stack.awaitOwner(stack.worker(), queue, 2);
            List<JobId> jobs = new ArrayList<>();
            try (Connection holder = stack.connect();
                    Statement statement = holder.createStatement()) {
                holder.setAutoCommit(false);
                statement.execute(
                        "SELECT FROM partition_owner WHERE queue = '" + queue + "' AND partition = 0 FOR UPDATE");
                jobs.addAll(stack.submitPauses(queue, 8, 10));
                stack.awaitBlocked(me, "claim");
                // Twice: the first commit may have been on its way before the records of the other were polled.
                for (int round = 0; round < 2; round++) {
                    long before = committed(stack).getOrDefault(jobsOf(queue, 1), 0L);
                    jobs.addAll(stack.submitPauses(queue, 8, 10));
                    Awaitility.await()
                            .atMost(WorkerStack.PATIENCE)
                            .until(() -> committed(stack).getOrDefault(jobsOf(queue, 1), 0L) > before);
                }
                assertThat(committed(stack).getOrDefault(jobsOf(queue, 0), 0L))
                        .isLessThanOrEqualTo(next(stack, queue, 0));
                holder.rollback();
            }
            stack.awaitFinal(jobs);
            stack.assertSucceededOnce(jobs);
        }
    }

    @Test
    void H12_a_topic_that_is_made_anew_under_a_running_worker_loses_none_of_its_jobs(
            PostgresDatabase postgres, KafkaCluster kafka, SandboxServer sandbox) throws Exception {
        try (WorkerStack stack = new WorkerStack(postgres, kafka, sandbox)) {
            String queue = stack.queue(Ordering.NONE, 1);
            stack.worker();
            List<JobId> before = stack.submitPauses(queue, 5, 10);
            stack.awaitFinal(before);

            stack.admin().deleteTopics(List.of(Topics.jobs(queue))).all().get();
            makeTopic(stack, queue);
            // More than there were, so that the old position lies within the new log.
            List<JobId> after = stack.submitPauses(queue, 12, 10);

            stack.awaitFinal(after);
            // The worker may see the new topic's id a moment after its records: it then reads them again, as known
            // ones.
            Awaitility.await().atMost(WorkerStack.PATIENCE).untilAsserted(() -> {
                assertThat(stack.count("SELECT count(*) FROM incident WHERE kind = 'topic_replaced' AND subject = '"
                                + queue + "/0'"))
                        .isPositive();
                assertThat(next(stack, queue, 0)).isEqualTo(12);
            });
            stack.assertSucceededOnce(before);
            stack.assertSucceededOnce(after);
        }
    }

    @Test
    void H12_a_log_that_ends_before_the_stored_position_is_an_incident_and_read_from_its_start(
            PostgresDatabase postgres, KafkaCluster kafka, SandboxServer sandbox) {
        try (WorkerStack stack = new WorkerStack(postgres, kafka, sandbox)) {
            String queue = stack.queue(Ordering.NONE, 1);
            ChildProcess a = stack.worker();
            stack.awaitOwner(a, queue, 1);
            List<JobId> before = stack.submitPauses(queue, 3, 10);
            stack.awaitFinal(before);
            a.stop(Duration.ofSeconds(20));
            // As if the broker had lost the end of its log.
            stack.execute("UPDATE partition_owner SET next_offset = 1000 WHERE queue = '" + queue + "'");
            List<JobId> after = stack.submitPauses(queue, 3, 10);

            stack.worker();

            stack.awaitFinal(after);
            stack.assertSucceededOnce(before);
            stack.assertSucceededOnce(after);
            assertThat(stack.count("SELECT count(*) FROM incident WHERE kind = 'log_out_of_range' AND subject = '"
                            + queue + "/0'"))
                    .isEqualTo(1);
            assertThat(stack.count("SELECT count(*) FROM duplicate_submission WHERE queue = '" + queue + "'"))
                    .as("what was known already is not run again")
                    .isEqualTo(3);
        }
    }

    private static void makeTopic(WorkerStack stack, String queue) {
        NewTopic topic = new NewTopic(Topics.jobs(queue), 1, (short) 1);
        Awaitility.await().atMost(WorkerStack.PATIENCE).until(() -> {
            try {
                stack.admin().createTopics(List.of(topic)).all().get();
                return true;
            } catch (ExecutionException e) {
                assertThat(e).hasCauseInstanceOf(TopicExistsException.class); // the old one is still being deleted
                return false;
            }
        });
    }

    private static void awaitRunning(WorkerStack stack, Incarnation incarnation, int jobs) {
        Awaitility.await()
                .atMost(WorkerStack.PATIENCE)
                .until(() -> stack.count("SELECT count(*) FROM job_running WHERE incarnation = '" + incarnation + "'")
                        == jobs);
    }

    private static int epoch(WorkerStack stack, String queue) {
        return (int) stack.count("SELECT max(epoch) FROM partition_owner WHERE queue = '" + queue + "'");
    }

    private static long next(WorkerStack stack, String queue, int partition) {
        return stack.count(
                "SELECT next_offset FROM partition_owner WHERE queue = '" + queue + "' AND partition = " + partition);
    }

    private static TopicPartition jobsOf(String queue, int partition) {
        return new TopicPartition(Topics.jobs(queue), partition);
    }

    private static Map<TopicPartition, Long> committed(WorkerStack stack) {
        try {
            return stack
                    .admin()
                    .listConsumerGroupOffsets(Topics.group(stack.pool()))
                    .partitionsToOffsetAndMetadata()
                    .get()
                    .entrySet()
                    .stream()
                    .collect(Collectors.toMap(
                            Map.Entry::getKey, e -> e.getValue().offset()));
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        } catch (ExecutionException e) {
            return Map.of(); // the group is not there yet
        }
    }
}
