package dev.muster.bench.trial;

import dev.muster.bench.BenchServers;
import dev.muster.bench.BenchSql;
import dev.muster.bench.Pause;
import dev.muster.bench.Workload;
import dev.muster.config.Setting;
import dev.muster.config.Settings;
import dev.muster.embedded.sandbox.SandboxConfig;
import dev.muster.embedded.sandbox.SandboxServer;
import dev.muster.job.Queue;
import dev.muster.kafka.KafkaClients;
import dev.muster.kafka.TopicAdmin;
import dev.muster.local.Main;
import dev.muster.local.stack.QueueSetup;
import dev.muster.store.Database;
import dev.muster.store.Migrations;
import dev.muster.store.QueueStore;
import dev.muster.time.Ticker;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.kafka.clients.admin.Admin;
import org.jspecify.annotations.Nullable;

/** Muster itself: a coordinator and workers, as {@code muster coordinator} and {@code muster worker} start them. */
public final class MusterTrial implements Trial {
    private static final Duration LIMIT = Duration.ofSeconds(60);
    private static final Pattern STATEMENTS =
            Pattern.compile("(?m)^muster_db_operation_seconds_count\\{operation=\"(\\w+)\"} ([0-9.E]+)$");

    private final BenchServers servers;
    private final String name;
    private final Workload workload;
    private final Setup setup;
    private final Ticker ticker = Ticker.system();
    private final List<Child> workers = new ArrayList<>();
    private Settings settings = Settings.of(Map.of());
    private @Nullable Child coordinator;
    private @Nullable SandboxServer sandbox;
    private @Nullable Connection look;

    /**
     * How Muster is set up.
     *
     * @param window how long the queue recognises a repeated submission; empty: not at all
     */
    public record Setup(Optional<Duration> window, int partitions, Workers workers, Backlog backlog) {}

    /**
     * Its workers.
     *
     * @param slots of each
     * @param lanes of each
     */
    public record Workers(int count, int slots, int lanes) {
        /** One with the settings that it has unless told. */
        public static final Workers ONE_BY_DEFAULT = new Workers(
                1,
                Integer.parseInt(Setting.WORKER_SLOTS.defaultValue()),
                Integer.parseInt(Setting.WORKER_LANES.defaultValue()));

        public Workers withSlots(int changed) {
            return new Workers(count, changed, lanes);
        }

        public Workers withLanes(int changed) {
            return new Workers(count, slots, changed);
        }
    }

    /** @param name of its database, its queue and its pool: another one for each run */
    public MusterTrial(BenchServers servers, String name, Workload workload, Setup setup) {
        this.servers = servers;
        this.name = name;
        this.workload = workload;
        this.setup = setup;
    }

    @Override
    public void prepare() throws SQLException, IOException {
        settings = servers.newDatabase(name)
                .with(Setting.WORKER_POOL, name)
                .with(Setting.WORKER_SLOTS, Integer.toString(setup.workers().slots()))
                .with(Setting.WORKER_LANES, Integer.toString(setup.workers().lanes()))
                .with(Setting.FLEET_LAUNCHER, "external")
                .with(Setting.FLEET_WORKERS, "0")
                .with(Setting.COORDINATOR_PORT, "0");
        settings = workload == Workload.PAYMENTS
                ? settings.with(Setting.PAYMENTS_URL, startSandbox().toString())
                : settings.with(Setting.PAYMENTS_HEALTH_CHECK, "0s");
        Migrations.migrate(settings);
        try (Admin admin = new KafkaClients(settings).admin("muster-bench");
                Database database = Database.open(settings, "muster-bench", 1, Optional.empty())) {
            TopicAdmin topics = new TopicAdmin(admin, settings);
            topics.ensureInternalTopics();
            QueueSetup.ensure(
                    topics,
                    new QueueStore(database),
                    new Queue(name, workload.ordering(), name, setup.partitions(), setup.window(), false));
        }
        Connection connection = servers.connect(name);
        look = connection;
        setup.backlog().fill(connection, name, setup.partitions());
    }

    private URI startSandbox() throws IOException {
        SandboxServer provider = new SandboxServer(
                SandboxConfig.in(Files.createDirectory(servers.folder().resolve(name + "-sandbox"))));
        sandbox = provider;
        provider.start();
        return provider.url();
    }

    @Override
    public Settings settings() {
        return settings;
    }

    @Override
    public String queue() {
        return name;
    }

    @Override
    public void standBy() throws Exception {
        coordinator = start("coordinator", settings);
        long begun = ticker.nanos();
        while (!BenchSql.isLed(look())) {
            if (ticker.nanos() - begun > LIMIT.toNanos()) {
                throw new IllegalStateException("no coordinator leads after " + LIMIT);
            }
            Pause.millis(50);
        }
        Pause.millis(3_000); // its statistics join their group, its first looks at everything are over
    }

    @Override
    public void start() throws IOException {
        for (int i = 1; i <= setup.workers().count(); i++) {
            workers.add(start("worker", settings.with(Setting.WORKER_NAME, name + "-" + i)));
        }
    }

    /** Returns when its partitions are its workers' in Postgres. */
    public void awaitMember() throws SQLException, InterruptedException {
        long begun = ticker.nanos();
        while (BenchSql.ownedPartitions(look()) < setup.partitions()) {
            workers.forEach(Child::isAlive);
            if (ticker.nanos() - begun > LIMIT.toNanos()) {
                throw new IllegalStateException("the workers own no partitions after " + LIMIT);
            }
            Pause.millis(50);
        }
    }

    private Child start(String command, Settings own) throws IOException {
        Path log = servers.folder().resolve(name + "-" + command + ".log");
        Map<String, String> environment = new LinkedHashMap<>(own.asEnvironment());
        return Child.start(log, environment, Main.class.getName(), command);
    }

    @Override
    public boolean isTaken(long jobs) throws SQLException {
        workers.forEach(Child::isAlive);
        return BenchSql.claimed(look()) >= jobs;
    }

    @Override
    public boolean isDone(long jobs) throws SQLException {
        workers.forEach(Child::isAlive);
        // The first look is at a handful of rows; only then at a table that is written to all the time.
        return BenchSql.claimed(look()) >= jobs && !BenchSql.hasUnfinished(look());
    }

    @Override
    public boolean rest() throws Exception {
        while (BenchSql.hasUnrelayed(look())) {
            Pause.millis(100);
        }
        return true;
    }

    @Override
    public Timeline timeline() throws SQLException {
        return new Timeline(BenchSql.firstClaim(look()), BenchSql.timeline(look()));
    }

    @Override
    public Map<String, List<Long>> processes() {
        Map<String, List<Long>> processes = new LinkedHashMap<>();
        processes.put("worker", workers.stream().map(Child::pid).toList());
        processes.put("coordinator", coordinator == null ? List.of() : List.of(coordinator.pid()));
        if (sandbox != null) {
            processes.put("sandbox", List.of(sandbox.pid()));
        }
        return processes;
    }

    /** By the worker's own metrics. */
    @Override
    public Map<String, Long> statements() throws Exception {
        URI metrics = URI.create("http://127.0.0.1:" + BenchSql.healthPort(look()) + "/metrics");
        try (HttpClient client = HttpClient.newHttpClient()) {
            String text = client.send(HttpRequest.newBuilder(metrics).build(), HttpResponse.BodyHandlers.ofString())
                    .body();
            Map<String, Long> counts = new LinkedHashMap<>();
            Matcher matcher = STATEMENTS.matcher(text);
            while (matcher.find()) {
                counts.put(matcher.group(1), (long) Double.parseDouble(matcher.group(2)));
            }
            Files.writeString(servers.folder().resolve(name + "-metrics.txt"), text);
            return counts;
        }
    }

    private Connection look() {
        Connection connection = look;
        if (connection == null) {
            throw new IllegalStateException("it is not prepared");
        }
        return connection;
    }

    @Override
    public void close() throws SQLException {
        workers.forEach(Child::close);
        if (coordinator != null) {
            coordinator.close();
        }
        if (sandbox != null) {
            sandbox.stop();
        }
        if (look != null) {
            look.close();
        }
        servers.dropDatabase(name);
    }
}
