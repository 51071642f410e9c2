package dev.muster.worker;

import dev.muster.config.Settings;
import dev.muster.embedded.ChildJvm;
import dev.muster.embedded.ChildProcess;
import dev.muster.embedded.junit.KafkaCluster;
import dev.muster.embedded.junit.PostgresDatabase;
import dev.muster.embedded.sandbox.SandboxServer;
import dev.muster.fleet.Incarnation;
import dev.muster.job.JobId;
import dev.muster.job.Ordering;
import dev.muster.job.Queue;
import dev.muster.kafka.KafkaClients;
import dev.muster.kafka.TopicAdmin;
import dev.muster.protocol.Submission;
import dev.muster.store.Database;
import dev.muster.store.JobReader;
import dev.muster.store.JobView;
import dev.muster.store.Migrations;
import dev.muster.store.QueueStore;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.awaitility.Awaitility;

/**
 * Real servers, a pool and queues of its own, and real worker processes. No coordinator: what happens here has to
 * happen without one, by Kafka's session timeout and the owners' own fencing.
 */
final class WorkerStack implements AutoCloseable {
    static final Duration PATIENCE = Duration.ofSeconds(60);

    private final PostgresDatabase postgres;
    private final Settings settings;
    private final String pool = "p" + UUID.randomUUID().toString().substring(0, 8);
    private final Database database;
    private final Admin admin;
    private final Producer<byte[], byte[]> producer;
    private final List<ChildProcess> workers = new ArrayList<>();
    private final Path logs;
    private int started;

    WorkerStack(PostgresDatabase postgres, KafkaCluster kafka, SandboxServer sandbox) {
        this.postgres = postgres;
        Map<String, String> values = new HashMap<>();
        values.put("muster.postgres.url", postgres.jdbcUrl());
        values.put("muster.postgres.user", postgres.user());
        values.put("muster.postgres.password", postgres.password());
        values.put("muster.kafka.bootstrap", kafka.bootstrapServers());
        values.put("muster.payments.url", sandbox.url().toString());
        values.put("muster.worker.pool", pool);
        values.put("muster.worker.slots", "16");
        this.settings = Settings.of(values);
        Migrations.migrate(settings);
        this.database = Database.open(settings, "test", 4, Optional.empty());
        KafkaClients clients = new KafkaClients(settings);
        this.admin = clients.admin("test");
        TopicAdmin topics = new TopicAdmin(admin, settings);
        topics.ensureInternalTopics();
        topics.configureGroup(pool);
        this.producer = clients.producer("test");
        try {
            this.logs = Files.createTempDirectory("muster-worker-it");
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    String pool() {
        return pool;
    }

    Settings settings() {
        return settings;
    }

    Admin admin() {
        return admin;
    }

    Database database() {
        return database;
    }

    /** A queue with a name of its own. */
    String queue(Ordering ordering, int partitions) {
        String name = "q" + UUID.randomUUID().toString().substring(0, 8);
        Queue queue = new Queue(name, ordering, pool, partitions, Optional.of(Duration.ofDays(7)), false);
        new TopicAdmin(admin, settings).ensureQueueTopic(queue);
        new QueueStore(database).create(queue);
        return name;
    }

    JobId submit(String queue, String type, String key, String json) {
        String id = UUID.randomUUID().toString();
        send(new Submission("test", id, type, Optional.of(key), json.getBytes(StandardCharsets.UTF_8), Map.of())
                .toRecord(queue));
        return JobId.of("test", id);
    }

    void send(ProducerRecord<byte[], byte[]> record) {
        try {
            producer.send(record).get();
        } catch (InterruptedException | java.util.concurrent.ExecutionException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Starts a worker; with a fault (point, signal, nth) it is hit by the signal there. */
    ChildProcess worker(String... fault) {
        String name = "w" + ++started + "-" + pool;
        Map<String, String> environment = new HashMap<>(settings.asEnvironment());
        environment.put("MUSTER_WORKER_NAME", name);
        environment.put("MUSTER_WORKER_RUN_FOLDER", logs.toString());
        List<String> command = new ArrayList<>(ChildJvm.java());
        command.addAll(List.of("-XX:TieredStopAtLevel=1", FaultyWorkerMain.class.getName()));
        command.addAll(List.of(fault));
        ChildProcess.Spec spec = ChildProcess.Spec.of(command, logs.resolve(name + ".log"));
        ChildProcess worker = ChildProcess.start(new ChildProcess.Spec(
                spec.command(), environment, spec.output(), spec.account(), spec.onParentDeath()));
        workers.add(worker);
        return worker;
    }

    /** The incarnation that a process registered. */
    Incarnation incarnationOf(ChildProcess worker) {
        return Awaitility.await()
                .atMost(PATIENCE)
                .until(
                        () -> query("SELECT incarnation FROM worker_incarnation WHERE pid = " + worker.pid()
                                + " AND pool = '" + pool + "'"),
                        Optional::isPresent)
                .map(Incarnation::new)
                .orElseThrow();
    }

    Optional<JobView> find(JobId id) {
        return new JobReader(database).find(id);
    }

    /** Waits until the jobs are final. */
    void awaitFinal(List<JobId> ids) {
        Awaitility.await().atMost(PATIENCE).untilAsserted(() -> {
            for (JobId id : ids) {
                org.assertj.core.api.Assertions.assertThat(find(id))
                        .as("job %s; workers said:%n%s", id, logs())
                        .hasValueSatisfying(job -> org.assertj.core.api.Assertions.assertThat(
                                        job.state().isFinal())
                                .isTrue());
            }
        });
    }

    long count(String sql) {
        return Long.parseLong(query(sql).orElse("0"));
    }

    Optional<String> query(String sql) {
        try (Connection connection = connect();
                Statement statement = connection.createStatement();
                var rows = statement.executeQuery(sql)) {
            return rows.next() ? Optional.ofNullable(rows.getString(1)) : Optional.empty();
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    Connection connect() throws SQLException {
        Connection connection = postgres.connect();
        connection.setSchema(Migrations.SCHEMA);
        return connection;
    }

    /** What the workers have written, for a failed assertion. */
    String logs() {
        StringBuilder all = new StringBuilder();
        workers.forEach(
                worker -> worker.lastLines().forEach(line -> all.append(line).append('\n')));
        return all.toString();
    }

    @Override
    public void close() {
        workers.forEach(ChildProcess::killHard);
        producer.close();
        admin.close();
        database.close();
    }
}
