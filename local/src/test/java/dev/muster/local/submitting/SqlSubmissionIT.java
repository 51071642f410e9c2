package dev.muster.local.submitting;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.muster.client.MusterClient;
import dev.muster.coordinator.Coordinator;
import dev.muster.embedded.junit.EmbeddedServers;
import dev.muster.embedded.junit.KafkaCluster;
import dev.muster.embedded.junit.PostgresDatabase;
import dev.muster.job.JobId;
import dev.muster.job.JobOutcome;
import dev.muster.job.JobState;
import dev.muster.job.NewJob;
import dev.muster.job.Ordering;
import dev.muster.kafka.KafkaClients;
import dev.muster.protocol.Topics;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** Jobs from within a transaction and jobs that follow from others, through the outbox to a worker. */
@ExtendWith(EmbeddedServers.class)
class SqlSubmissionIT {
    private static final Duration SOON = Duration.ofSeconds(60);

    private final SmallFleet fleet;
    private final MusterClient client;
    /** Nothing in it recognises a duplicate: what is sent twice is run twice. */
    private final String queue;

    SqlSubmissionIT(PostgresDatabase postgres, KafkaCluster kafka, @TempDir Path folder) {
        fleet = new SmallFleet(postgres, kafka, folder);
        client = MusterClient.connect(kafka.bootstrapServers(), "/shop");
        queue = fleet.queue(Ordering.NONE, Optional.empty());
    }

    @AfterEach
    void close() {
        client.close();
        fleet.close();
    }

    @Test
    void a_job_runs_if_its_transaction_commits_and_is_brought_once_whoever_dies_on_the_way() throws Exception {
        Coordinator first = fleet.coordinator();
        fleet.worker();
        try (Connection connection = fleet.connect();
                Statement statement = connection.createStatement()) {
            connection.setAutoCommit(false);
            statement.execute(submit("rolled-back"));
            connection.rollback();
            statement.execute(submit("committed"));
            connection.commit();
        }
        JobOutcome outcome = outcome(JobId.of("muster-sql", "committed"));
        assertThat(outcome.result()).isEqualTo("committed");
        await().atMost(SmallFleet.PATIENCE).until(() -> outbox().isEmpty());

        // Its row can't be removed although Kafka has it; the leader tries again and again.
        fleet.execute("CREATE FUNCTION stand() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
                + "PERFORM pg_advisory_xact_lock(42); RETURN OLD; END $$");
        fleet.execute("CREATE TRIGGER stand BEFORE DELETE ON submission FOR EACH ROW EXECUTE FUNCTION stand()");
        try (Connection holder = fleet.connect();
                Statement statement = holder.createStatement()) {
            statement.execute("SELECT pg_advisory_lock(42)");
            fleet.execute(submit("held"));
            assertThat(outcome(JobId.of("muster-sql", "held")).succeeded()).isTrue();
            await().atMost(SmallFleet.PATIENCE)
                    .until(() -> !fleet.rows(
                                    "SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE "
                                            + "'%DELETE FROM submission%'")
                            .isEmpty());
            List<String> epoch = fleet.rows("SELECT epoch FROM submission_relay");
            first.detach();
            fleet.coordinator();
            await().atMost(SmallFleet.PATIENCE)
                    .until(() ->
                            !fleet.rows("SELECT epoch FROM submission_relay").equals(epoch));
            assertThat(outbox()).containsExactly("held");
            statement.execute("SELECT pg_advisory_unlock(42)");
        }
        await().atMost(SmallFleet.PATIENCE).until(() -> outbox().isEmpty());
        fleet.execute(submit("after"));
        assertThat(outcome(JobId.of("muster-sql", "after")).succeeded()).isTrue();

        assertThat(sent()).containsExactlyInAnyOrder("committed", "held", "after");
        assertThat(results()).containsExactlyInAnyOrder("committed", "held", "after");
    }

    @Test
    void a_batch_that_was_prepared_and_never_sent_is_sent_and_one_astray_holds_up_nobody() throws Exception {
        fleet.execute(submit("prepared"));
        fleet.execute("UPDATE submission_relay SET batch = gen_random_uuid(), xid = (SELECT max(xid) FROM submission), "
                + "seq = (SELECT max(seq) FROM submission)");
        fleet.execute("INSERT INTO submission (job_id, queue, source, id, type, data) "
                + "VALUES (gen_random_uuid(), 'gone', 's', 'astray', 'test.echo', '1')");
        fleet.execute(submit("behind it"));
        fleet.coordinator();
        fleet.worker();

        assertThat(outcome(JobId.of("muster-sql", "prepared")).succeeded()).isTrue();
        assertThat(outcome(JobId.of("muster-sql", "behind it")).succeeded()).isTrue();
        assertThat(fleet.rows("SELECT id || ': ' || refused FROM submission"))
                .containsExactly("astray: there is no queue gone");
        assertThat(fleet.rows("SELECT summary FROM incident WHERE kind = 'submission_refused'"))
                .singleElement()
                .satisfies(summary -> assertThat(summary).contains("there is no queue gone"));
    }

    @Test
    void a_job_that_follows_runs_once_however_often_its_parent_has_run() throws Exception {
        fleet.coordinator();
        fleet.worker();

        JobId parent = client.call(queue, order("tried", 2, 1).id("p1"), SOON).id();
        assertThat(outcome(parent).attempt()).isEqualTo(4);
        assertThat(outcome(JobId.of("/muster/jobs/" + parent, "receipt")).result())
                .isEqualTo("tried");

        JobId dead =
                client.call(queue, order("given up", 9, 0).maxAttempts(2), SOON).id();
        assertThat(outcome(dead).state()).isEqualTo(JobState.DEAD);
        JobId last = client.call(queue, order("last", 0, 0), SOON).id();
        assertThat(outcome(JobId.of("/muster/jobs/" + last, "receipt")).result())
                .isEqualTo("last");
        assertThat(results())
                .as("one for each parent that ended by its handler's word")
                .containsExactlyInAnyOrder("tried", "last");
    }

    /** Of this test's queue: the tests share a database. */
    private List<String> outbox() {
        return fleet.rows("SELECT id FROM submission WHERE queue = '" + queue + "'");
    }

    private List<String> results() {
        return fleet.rows("SELECT result FROM job_history WHERE type = 'test.echo' AND queue = '" + queue + "'");
    }

    private static NewJob order(String text, int failures, int snoozes) {
        return NewJob.of("test.order", new OrderHandler.Order(text, failures, snoozes));
    }

    private String submit(String id) {
        return "SELECT muster.submit(queue => '" + queue + "', type => 'test.echo', data => '{\"text\":\"" + id
                + "\",\"failures\":0}', id => '" + id + "')";
    }

    private JobOutcome outcome(JobId id) throws Exception {
        return client.outcome(id, SOON).get(SOON.toSeconds(), TimeUnit.SECONDS);
    }

    /** The ids of all records of the queue's topic that were committed. */
    private List<String> sent() {
        List<String> ids = new ArrayList<>();
        Map<String, Object> config = new KafkaClients(fleet.settings()).common("test");
        config.put("isolation.level", "read_committed");
        try (Consumer<byte[], byte[]> consumer =
                new KafkaConsumer<>(config, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            List<TopicPartition> partitions =
                    List.of(new TopicPartition(Topics.jobs(queue), 0), new TopicPartition(Topics.jobs(queue), 1));
            consumer.assign(partitions);
            consumer.seekToBeginning(partitions);
            var ends = consumer.endOffsets(partitions);
            while (partitions.stream().anyMatch(p -> consumer.position(p) < ends.getOrDefault(p, 0L))) {
                consumer.poll(Duration.ofMillis(100))
                        .forEach(record -> ids.add(new String(
                                record.headers().lastHeader("ce_id").value(),
                                java.nio.charset.StandardCharsets.UTF_8)));
            }
        }
        return ids;
    }
}
