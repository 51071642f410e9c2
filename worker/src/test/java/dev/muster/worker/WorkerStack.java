package dev.muster.worker;

import static java.util.Objects.requireNonNull;

import dev.muster.config.Settings;
import dev.muster.embedded.ChildProcess;
import dev.muster.embedded.junit.ArchivedJvm;
import dev.muster.embedded.junit.KafkaCluster;
import dev.muster.embedded.junit.PostgresDatabase;
import dev.muster.embedded.sandbox.SandboxServer;
import dev.muster.embedded.wire.TcpProxy;
import dev.muster.fleet.Incarnation;
import dev.muster.job.JobId;
import dev.muster.job.Ordering;
import dev.muster.job.Queue;
import dev.muster.kafka.KafkaClients;
import dev.muster.kafka.TopicAdmin;
import dev.muster.protocol.Submission;
import dev.muster.protocol.Topics;
import dev.muster.store.Database;
import dev.muster.store.JobReader;
import dev.muster.store.JobView;
import dev.muster.store.Migrations;
import dev.muster.store.QueueStore;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ExecutionException;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.MemberToRemove;
import org.apache.kafka.clients.admin.RemoveMembersFromConsumerGroupOptions;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.assertj.core.api.SoftAssertions;
import org.awaitility.Awaitility;

/**
 * Real servers, a pool and queues of its own, and real worker processes. No coordinator: what happens here has to
 * happen without one, by Kafka's session timeout and the owners' own fencing.
 */
final class WorkerStack implements AutoCloseable {
    /** A worker may take most of a minute to start where others have the processors. */
    static final Duration PATIENCE = Duration.ofMinutes(2);

    static final String PAYMENT =
            "{\"amount\":1000,\"currency\":\"eur\",\"customer\":\"cus_1\",\"payment_method\":\"pm_card_visa\"}";

    private static final ArchivedJvm JVM = new ArchivedJvm();

    private final Supplier<WorkerStack> another;
    private final PostgresDatabase postgres;
    private final Settings settings;
    private final String pool = "p" + UUID.randomUUID().toString().substring(0, 8);
    private final Database database;
    private final Admin admin;
    private final Producer<byte[], byte[]> producer;
    private final Charges charges;
    private final String kafka;
    private final List<ChildProcess> workers = new ArrayList<>();
    private final Map<Long, String> names = new HashMap<>();
    private final Path logs;
    private int started;

    WorkerStack(PostgresDatabase postgres, KafkaCluster kafka, SandboxServer sandbox) {
        this(postgres, kafka, sandbox, Map.of());
    }

    /** With settings of its own. */
    WorkerStack(PostgresDatabase postgres, KafkaCluster kafka, SandboxServer sandbox, Map<String, String> own) {
        this.another = () -> new WorkerStack(postgres, kafka, sandbox);
        this.postgres = postgres;
        this.charges = new Charges(sandbox);
        this.kafka = kafka.bootstrapServers();
        Map<String, String> values = new HashMap<>();
        values.put("muster.postgres.url", postgres.jdbcUrl());
        values.put("muster.postgres.user", postgres.user());
        values.put("muster.postgres.password", postgres.password());
        values.put("muster.kafka.bootstrap", kafka.bootstrapServers());
        values.put("muster.payments.url", sandbox.url().toString());
        values.put("muster.worker.pool", pool);
        values.put("muster.worker.slots", "16");
        values.putAll(own);
        this.settings = Settings.of(values);
        migrate(settings);
        this.database = Database.open(settings, "test", 4, Optional.empty());
        KafkaClients clients = new KafkaClients(settings);
        this.admin = clients.admin("test");
        TopicAdmin topics = new TopicAdmin(admin, settings);
        topics.ensureInternalTopics();
        topics.configureGroup(pool);
        this.producer = clients.producer("test");
        try {
            this.logs = Files.createDirectories(Path.of("target", "worker-logs", pool));
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Tests that run at the same time share a database, and migrate it one after the other. */
    private static synchronized void migrate(Settings settings) {
        Migrations.migrate(settings);
    }

    String pool() {
        return pool;
    }

    String bootstrap() {
        return kafka;
    }

    Charges charges() {
        return charges;
    }

    /** A wire to Postgres that a test can cut: for one worker, while everybody else still reaches it. */
    TcpProxy wireToPostgres() {
        int port = URI.create(postgres.jdbcUrl().substring("jdbc:".length())).getPort();
        return new TcpProxy(() -> port, InstantSource.system());
    }

    /** For a worker that is to reach Postgres over this wire. */
    Map<String, String> over(TcpProxy wire) {
        URI direct = URI.create(postgres.jdbcUrl().substring("jdbc:".length()));
        return Map.of("MUSTER_POSTGRES_URL", "jdbc:postgresql://127.0.0.1:" + wire.port() + direct.getPath());
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
        return submit(queue, type, key, json, Map.of());
    }

    /** The same with further attributes, such as {@code mustermaxattempts}. */
    JobId submit(String queue, String type, String key, String json, Map<String, String> extensions) {
        String id = UUID.randomUUID().toString();
        send(new Submission("test", id, type, Optional.of(key), json.getBytes(StandardCharsets.UTF_8), extensions)
                .toRecord(queue));
        return JobId.of("test", id);
    }

    /** Payments, spread over all partitions. */
    List<JobId> submitPayments(String queue, int count) {
        List<JobId> ids = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            ids.add(submit(queue, "payment.charge", "k" + i, PAYMENT));
        }
        return ids;
    }

    /** Jobs that wait, spread over all partitions. */
    List<JobId> submitPauses(String queue, int count, long millis) {
        byte[] payload = ("{\"millis\":" + millis + ",\"later\":" + millis + "}").getBytes(StandardCharsets.UTF_8);
        List<String> ids =
                Stream.generate(() -> UUID.randomUUID().toString()).limit(count).toList();
        sendAll(IntStream.range(0, count)
                .mapToObj(i -> new Submission("test", ids.get(i), "test.pause", Optional.of("k" + i), payload, Map.of())
                        .toRecord(queue)));
        return ids.stream().map(id -> JobId.of("test", id)).toList();
    }

    void send(ProducerRecord<byte[], byte[]> record) {
        try {
            producer.send(record).get();
        } catch (InterruptedException | java.util.concurrent.ExecutionException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Sends many, and waits until Kafka has them all. */
    void sendAll(Stream<ProducerRecord<byte[], byte[]>> records) {
        records.forEach(record -> {
            var _ = producer.send(record); // what fails is missing afterwards
        });
        producer.flush();
    }

    /** Starts a worker; with a fault (point, signal, nth) it is hit by the signal there. */
    ChildProcess worker(String... fault) {
        return worker(Map.of(), fault);
    }

    /** The same with settings of its own, by environment variable. */
    ChildProcess worker(Map<String, String> own, String... fault) {
        return worker(JVM.java(this::train), own, fault);
    }

    /** A worker's whole life, at whose end it writes the archive that all others start from. */
    private void train(List<String> java) {
        try (WorkerStack alone = another.get()) {
            String queue = alone.queue(Ordering.NONE, 1);
            ChildProcess worker = alone.worker(java, Map.of());
            alone.awaitFinal(List.of(alone.submit(queue, "test.pause", "k", "{\"millis\":1}")));
            worker.signal("TERM");
            Awaitility.await().atMost(PATIENCE).until(() -> !worker.alive());
        }
    }

    private ChildProcess worker(List<String> java, Map<String, String> own, String... fault) {
        String name = "w" + ++started + "-" + pool;
        Map<String, String> environment = new HashMap<>(settings.asEnvironment());
        environment.put("MUSTER_WORKER_NAME", name);
        environment.put("MUSTER_WORKER_RUN_FOLDER", logs.toString());
        environment.putAll(own);
        List<String> command = new ArrayList<>(java);
        command.addAll(
                List.of("-Xmx192m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", FaultyWorkerMain.class.getName()));
        command.addAll(List.of(fault));
        ChildProcess.Spec spec = ChildProcess.Spec.of(command, logs.resolve(name + ".log"));
        ChildProcess worker = ChildProcess.start(new ChildProcess.Spec(
                spec.command(), environment, spec.output(), spec.account(), spec.onParentDeath()));
        workers.add(worker);
        names.put(worker.pid(), name);
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

    /** What has happened in a worker's tree so far, such as {@code broke worker/intake}. */
    List<String> events(ChildProcess worker) {
        Path file = logs.resolve(requireNonNull(names.get(worker.pid())) + ".events");
        try {
            return Files.exists(file) ? Files.readAllLines(file) : List.of();
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    /** What a worker has written for its supervisor when it ended. */
    String exitReason(Incarnation incarnation) {
        try {
            return Files.readString(logs.resolve(incarnation + ".exit"));
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
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

    /** Waits until a worker of this pool owns as many partitions of the queue as asked for, and says which life it is. */
    Incarnation awaitOwner(ChildProcess worker, String queue, int partitions) {
        Incarnation me = incarnationOf(worker);
        Awaitility.await()
                .atMost(PATIENCE)
                .untilAsserted(() -> org.assertj.core.api.Assertions.assertThat(
                                count("SELECT count(*) FROM partition_owner WHERE queue = '" + queue
                                        + "' AND incarnation = '" + me + "'"))
                        .as("partitions of %s; workers said:%n%s", me, logs())
                        .isEqualTo(partitions));
        return me;
    }

    /** Instance ids of the pool's group. */
    Set<String> members() {
        String group = Topics.group(pool);
        try {
            return requireNonNull(admin.describeConsumerGroups(List.of(group))
                            .describedGroups()
                            .get(group))
                    .get()
                    .members()
                    .stream()
                    .flatMap(member -> member.groupInstanceId().stream())
                    .collect(Collectors.toSet());
        } catch (InterruptedException | ExecutionException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Waits until a process has been stopped by a signal. */
    void awaitStopped(ChildProcess worker) {
        Path stat = Path.of("/proc", Long.toString(worker.pid()), "stat");
        Awaitility.await()
                .atMost(PATIENCE)
                .pollInterval(Duration.ofMillis(20))
                .until(() -> Files.readString(stat).contains(") T "));
    }

    /** Waits until a statement of an incarnation stands before somebody's lock. */
    void awaitBlocked(Incarnation incarnation, String function) {
        Awaitility.await()
                .atMost(PATIENCE)
                .pollInterval(Duration.ofMillis(20))
                .until(() -> count("SELECT count(*) FROM pg_stat_activity WHERE application_name = '" + incarnation
                                + "' AND wait_event_type = 'Lock' AND query LIKE '%" + function + "(%'")
                        > 0);
    }

    /** Says that an incarnation is dead, and ends what it has open, as a coordinator would. */
    void fence(Incarnation incarnation) {
        Awaitility.await()
                .atMost(PATIENCE)
                .ignoreExceptions() // a lock of its own stands in the way until its backends are ended
                .until(
                        () -> {
                            query("SELECT end_backends('" + incarnation + "')");
                            return query("SELECT fence('" + incarnation + "', 'test', '" + incarnation + "', NULL)")
                                    .orElseThrow();
                        },
                        verdict -> verdict.equals("fenced") || verdict.equals("already"));
        query("SELECT end_backends('" + incarnation + "')");
    }

    /** Makes Kafka give an incarnation's partitions to others now. */
    void evict(Incarnation incarnation) {
        try {
            admin.removeMembersFromConsumerGroup(
                            Topics.group(pool),
                            new RemoveMembersFromConsumerGroupOptions(Set.of(new MemberToRemove(incarnation.id()))))
                    .all()
                    .get();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        } catch (ExecutionException e) {
            // It had left by itself.
        }
    }

    /** A worker's metrics, as Prometheus reads them. */
    String metrics(Incarnation incarnation) {
        String port = query("SELECT health_port FROM worker_incarnation WHERE incarnation = '" + incarnation + "'")
                .orElseThrow();
        return metrics(Integer.parseInt(port));
    }

    static String metrics(int port) {
        return Charges.get(URI.create("http://127.0.0.1:" + port + "/metrics"));
    }

    /** Each of these jobs has exactly one outcome, which is success, and nothing of it is left behind. */
    void assertSucceededOnce(List<JobId> ids) {
        String list = ids.stream().map(id -> "'" + id + "'").collect(Collectors.joining(","));
        SoftAssertions softly = new SoftAssertions();
        softly.assertThat(rows("SELECT job_id || ' ' || state || ' x' || count(*) FROM job_history WHERE job_id IN ("
                        + list + ") GROUP BY job_id, state"))
                .as("outcomes")
                .containsExactlyInAnyOrderElementsOf(
                        ids.stream().map(id -> id + " succeeded x1").toList());
        softly.assertThat(count("SELECT count(*) FROM job_running WHERE job_id IN (" + list + ")"))
                .as("left running")
                .isZero();
        softly.assertThat(count("SELECT count(*) FROM job_waiting WHERE job_id IN (" + list + ")"))
                .as("left waiting")
                .isZero();
        softly.assertAll();
    }

    /** The provider has charged each of these payments once, and nobody that Muster does not know. */
    void assertChargedOnce(List<JobId> ids) {
        Map<String, Long> charged = charges.succeeded();
        SoftAssertions softly = new SoftAssertions();
        for (JobId id : ids) {
            softly.assertThat(charged.get(id.toString()))
                    .as("charges of job %s", id)
                    .isEqualTo(1L);
        }
        for (String id : charged.keySet()) {
            softly.assertThat(find(JobId.parse(id)))
                    .as("the job of a charge, %s", id)
                    .isPresent();
        }
        softly.assertAll();
    }

    List<String> rows(String sql) {
        try (Connection connection = connect();
                Statement statement = connection.createStatement();
                var rows = statement.executeQuery(sql)) {
            List<String> list = new ArrayList<>();
            while (rows.next()) {
                list.add(String.valueOf(rows.getString(1)));
            }
            return list;
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    void execute(String sql) {
        try (Connection connection = connect();
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
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
        workers.forEach(worker -> {
            all.append("--- process ")
                    .append(worker.pid())
                    .append(worker.alive() ? "" : " (ended)")
                    .append('\n');
            worker.lastLines().forEach(line -> all.append(line).append('\n'));
        });
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
