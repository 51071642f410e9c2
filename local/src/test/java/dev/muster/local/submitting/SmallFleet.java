package dev.muster.local.submitting;

import dev.muster.config.Settings;
import dev.muster.coordinator.Coordinator;
import dev.muster.embedded.ChildJvm;
import dev.muster.embedded.ChildProcess;
import dev.muster.embedded.junit.KafkaCluster;
import dev.muster.embedded.junit.PostgresDatabase;
import dev.muster.job.Ordering;
import dev.muster.job.Queue;
import dev.muster.kafka.KafkaClients;
import dev.muster.kafka.TopicAdmin;
import dev.muster.store.Database;
import dev.muster.store.Migrations;
import dev.muster.store.QueueStore;
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

/** Real servers, coordinators in this process, workers as processes of their own, and queues with names of their own. */
final class SmallFleet implements AutoCloseable {
    static final Duration PATIENCE = Duration.ofSeconds(60);

    private final PostgresDatabase postgres;
    private final Settings settings;
    private final Path folder;
    private final Database database;
    private final List<ChildProcess> workers = new ArrayList<>();
    private final List<Coordinator> coordinators = new ArrayList<>();

    SmallFleet(PostgresDatabase postgres, KafkaCluster kafka, Path folder) {
        this.postgres = postgres;
        this.folder = folder;
        Map<String, String> values = new HashMap<>();
        values.put("muster.postgres.url", postgres.jdbcUrl());
        values.put("muster.postgres.user", postgres.user());
        values.put("muster.postgres.password", postgres.password());
        values.put("muster.kafka.bootstrap", kafka.bootstrapServers());
        values.put("muster.fleet.launcher", "external");
        values.put("muster.coordinator.port", "0");
        values.put("muster.worker.pool", "p" + unique());
        values.put("muster.payments.health-check", "0s");
        this.settings = Settings.of(values);
        Migrations.migrate(settings);
        this.database = Database.open(settings, "test", 4, Optional.empty());
    }

    Settings settings() {
        return settings;
    }

    Database database() {
        return database;
    }

    Coordinator coordinator() throws InterruptedException {
        Coordinator coordinator = Coordinator.start(
                settings.with(dev.muster.config.Setting.COORDINATOR_NAME, "coordinator-" + coordinators.size()));
        coordinators.add(coordinator);
        return coordinator;
    }

    /** A queue with a name of its own. */
    String queue(Ordering ordering, Optional<Duration> duplicateWindow) {
        Queue queue = new Queue(
                "q" + unique(),
                ordering,
                settings.string(dev.muster.config.Setting.WORKER_POOL),
                2,
                duplicateWindow,
                false);
        try (Admin admin = new KafkaClients(settings).admin("test")) {
            new TopicAdmin(admin, settings).ensureQueueTopic(queue);
        }
        new QueueStore(database).create(queue);
        return queue.name();
    }

    ChildProcess worker() {
        String name = "w" + unique();
        Map<String, String> environment = new HashMap<>(settings.asEnvironment());
        environment.put("MUSTER_WORKER_NAME", name);
        environment.put("MUSTER_WORKER_RUN_FOLDER", folder.toString());
        List<String> command = new ArrayList<>(ChildJvm.java());
        command.addAll(List.of(
                "-Xmx192m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", SubmittingWorkerMain.class.getName()));
        ChildProcess.Spec spec = ChildProcess.Spec.of(command, folder.resolve(name + ".log"));
        ChildProcess worker = ChildProcess.start(new ChildProcess.Spec(
                spec.command(), environment, spec.output(), spec.account(), spec.onParentDeath()));
        workers.add(worker);
        return worker;
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
        coordinators.reversed().forEach(Coordinator::close);
        workers.forEach(ChildProcess::killHard);
        database.close();
    }

    private static String unique() {
        return UUID.randomUUID().toString().substring(0, 8);
    }
}
