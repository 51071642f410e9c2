package dev.muster.coordinator;

import dev.muster.config.ConfigException;
import dev.muster.config.Setting;
import dev.muster.config.Settings;
import dev.muster.coordinator.fleet.FleetLoop;
import dev.muster.coordinator.fleet.FleetRules;
import dev.muster.coordinator.fleet.Launcher;
import dev.muster.coordinator.fleet.ProcessLauncher;
import dev.muster.coordinator.housekeeping.HousekeepingLoop;
import dev.muster.coordinator.housekeeping.Retention;
import dev.muster.coordinator.http.HttpApi;
import dev.muster.coordinator.leadership.Leadership;
import dev.muster.coordinator.liveness.LivenessConfig;
import dev.muster.coordinator.liveness.LivenessLoop;
import dev.muster.coordinator.liveness.LivenessState;
import dev.muster.coordinator.pressure.LagLoop;
import dev.muster.coordinator.process.LocalHost;
import dev.muster.coordinator.recovery.Evictor;
import dev.muster.coordinator.recovery.MassSilence;
import dev.muster.coordinator.recovery.Recovery;
import dev.muster.coordinator.relay.BatchMark;
import dev.muster.coordinator.relay.RelayLoop;
import dev.muster.coordinator.relay.SubmissionRelay;
import dev.muster.coordinator.schedule.ScheduleLoop;
import dev.muster.coordinator.stats.Statistics;
import dev.muster.kafka.Backlog;
import dev.muster.kafka.KafkaClients;
import dev.muster.kafka.TopicAdmin;
import dev.muster.store.Database;
import dev.muster.store.FleetStore;
import dev.muster.store.HousekeepingStore;
import dev.muster.store.IncidentStore;
import dev.muster.store.LeaseStore;
import dev.muster.store.PoolStore;
import dev.muster.store.PressureStore;
import dev.muster.store.QuarantineStore;
import dev.muster.store.QueueStore;
import dev.muster.store.RelayStore;
import dev.muster.store.ScheduleStore;
import dev.muster.store.SubmissionStore;
import dev.muster.store.SupervisionHistory;
import dev.muster.store.SupervisionLog;
import dev.muster.time.Ticker;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.net.URI;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.UUID;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.apache.kafka.clients.admin.Admin;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A coordinator: one loop each for leadership, liveness, fleet, relay, submissions, schedules, statistics, pressure, housekeeping,
 * and the HTTP API. Any number may run; one leads, the others stand by. Thread-safe.
 */
public final class Coordinator implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Coordinator.class);
    private static final int CONNECTIONS = 8;
    private static final int READERS = 3;

    private final Leadership leadership;
    private final LivenessLoop liveness;
    private final FleetLoop fleet;
    private final HttpApi http;
    /** What must be closed after the fleet, last opened first. */
    private final Deque<AutoCloseable> resources;

    private boolean closed;

    private Coordinator(Parts parts) {
        this.leadership = parts.leadership();
        this.liveness = parts.liveness();
        this.fleet = parts.fleet();
        this.http = parts.http();
        this.resources = parts.resources();
    }

    private record Parts(
            Leadership leadership,
            LivenessLoop liveness,
            FleetLoop fleet,
            HttpApi http,
            Deque<AutoCloseable> resources) {}

    /** Starts with a registry of its own. */
    public static Coordinator start(Settings settings) throws InterruptedException {
        return start(settings, new PrometheusMeterRegistry(PrometheusConfig.DEFAULT));
    }

    /**
     * Starts a coordinator; waits for Kafka and Postgres for as long as it takes.
     *
     * @param meters a {@link PrometheusMeterRegistry} is served under {@code /metrics}
     * @throws ConfigException if a setting is wrong
     */
    public static Coordinator start(Settings settings, MeterRegistry meters) throws InterruptedException {
        Deque<AutoCloseable> resources = new ArrayDeque<>();
        try {
            return new Coordinator(open(settings, meters, resources));
        } catch (RuntimeException | InterruptedException e) {
            closeAll(resources);
            throw e;
        }
    }

    /** Where the HTTP API is. */
    public URI url() {
        return http.url();
    }

    /** The epoch under which it leads; empty while it stands by. */
    public OptionalLong epoch() {
        return leadership.epoch();
    }

    /** What it knows of the workers' lives. */
    public LivenessState workers() {
        return liveness.state();
    }

    /** Ends, and ends the workers that it keeps running: they drain first. */
    @Override
    public void close() {
        end(fleet::stop);
    }

    /** Ends and leaves the workers running, for the next coordinator to find. */
    public void detach() {
        end(fleet::detach);
    }

    private synchronized void end(Runnable fleetEnd) {
        if (closed) {
            return;
        }
        closed = true;
        fleetEnd.run();
        closeAll(resources);
        LOG.info("Coordinator {} has ended", leadership.name());
    }

    private static Parts open(Settings settings, MeterRegistry meters, Deque<AutoCloseable> resources)
            throws InterruptedException {
        String name = name(settings);
        Ticker ticker = Ticker.system();
        Launcher launcher = launcher(settings);
        LivenessConfig thresholds = LivenessConfig.of(settings);
        FleetRules rules = FleetRules.of(settings);
        Retention retention = Retention.of(settings);

        Database database =
                opened(resources, Database.open(settings, "muster-coordinator", CONNECTIONS, Optional.of(meters)));
        Startup startup = new Startup(settings);
        startup.awaitPostgres(database);
        startup.awaitKafka();
        KafkaClients clients = new KafkaClients(settings);
        Admin admin = opened(resources, clients.admin("muster-coordinator"));
        TopicAdmin topics = new TopicAdmin(admin, settings);
        FleetStore fleetStore = new FleetStore(database);
        IncidentStore incidents = new IncidentStore(database);
        QuarantineStore suspects = new QuarantineStore(database);
        QueueStore queues = new QueueStore(database);
        prepareKafka(topics, queues, settings);

        ExecutorService tasks = opened(resources, Executors.newVirtualThreadPerTaskExecutor());
        resources.push(tasks::shutdownNow);
        Leadership leadership = opened(
                resources,
                new Leadership(new LeaseStore(database), name, settings.duration(Setting.LEASE_TTL), ticker, meters));
        KafkaAnnouncer announcer = new KafkaAnnouncer(opened(resources, clients.producer("muster-commands")));
        Recovery recovery = new Recovery(
                new Recovery.Collaborators(leadership, fleetStore, suspects, incidents, new Evictor(admin), announcer),
                settings.bool(Setting.FLEET_KILL_LOST),
                ticker,
                meters,
                tasks);
        MassSilence massSilence = new MassSilence(incidents, leadership, tasks);
        Wiring wiring = new Wiring();
        LivenessLoop liveness = opened(
                resources,
                new LivenessLoop(
                        clients,
                        opened(resources, clients.admin("muster-liveness-ends")),
                        thresholds,
                        ticker,
                        effect -> {
                            massSilence.hear(effect);
                            wiring.fleet().ifPresent(fleet -> fleet.hear(effect));
                        },
                        meters));
        SupervisionHistory history = opened(resources, new SupervisionHistory("coordinator " + name).writeTo(database));
        FleetLoop fleet = new FleetLoop(
                new FleetLoop.Collaborators(
                        launcher, leadership, fleetStore, new PoolStore(database), incidents, suspects, recovery),
                rules,
                liveness::tell,
                new SupervisionLog().andThen(history),
                ticker,
                meters,
                tasks);
        wiring.fleet = Optional.of(fleet);
        RelayLoop relay =
                opened(resources, new RelayLoop(new RelayStore(database), clients, leadership, ticker, meters));
        SubmissionRelay submissions = opened(
                resources,
                new SubmissionRelay(
                        new SubmissionRelay.Collaborators(
                                new SubmissionStore(database), incidents, clients, new BatchMark(admin), leadership),
                        settings.integer(Setting.RECORD_MAX_BYTES, 1_024, 100_000_000),
                        ticker,
                        meters));
        ScheduleLoop schedules = opened(resources, new ScheduleLoop(new ScheduleStore(database), leadership, meters));
        Statistics statistics = opened(resources, new Statistics(clients, topics, leadership));
        LagLoop lag = opened(resources, new LagLoop(admin, queues, new PressureStore(database), ticker, meters));
        // Apart from the lease, as the next one: what takes its time must not depose the leader.
        Database sweeping = opened(resources, Database.patient(settings, "muster-coordinator-housekeeping", 1));
        HousekeepingLoop housekeeping = opened(
                resources,
                new HousekeepingLoop(new HousekeepingStore(sweeping), leadership, retention, ticker, meters));
        // Apart from the lease: whoever asks for much, many at once, must not depose the leader.
        Database reading =
                opened(resources, Database.open(settings, "muster-coordinator-http", READERS, Optional.empty()));
        HttpApi http = opened(
                resources,
                HttpApi.start(
                        settings,
                        new HttpApi.Sources(
                                leadership,
                                liveness,
                                new IncidentStore(reading),
                                lag,
                                statistics,
                                announcer,
                                new Backlog(clients, ticker),
                                reading),
                        meters,
                        ticker));

        leadership.start();
        liveness.start();
        fleet.start();
        relay.start();
        submissions.start();
        schedules.start();
        statistics.start();
        lag.start();
        housekeeping.start();
        LOG.info("Coordinator {} runs, {}", name, http.url());
        return new Parts(leadership, liveness, fleet, http, resources);
    }

    /** Liveness is made before the fleet that hears it. */
    private static final class Wiring {
        private volatile Optional<FleetLoop> fleet = Optional.empty();

        Optional<FleetLoop> fleet() {
            return fleet;
        }
    }

    private static void prepareKafka(TopicAdmin topics, QueueStore queues, Settings settings) {
        topics.ensureInternalTopics().forEach(topic -> LOG.info("Made the topic {}", topic));
        topics.configureGroup(settings.string(Setting.WORKER_POOL));
        queues.list().stream()
                .map(dev.muster.job.Queue::pool)
                .filter(pool -> !pool.equals(settings.string(Setting.WORKER_POOL)))
                .distinct()
                .forEach(topics::configureGroup);
    }

    private static Launcher launcher(Settings settings) {
        String launcher = settings.string(Setting.FLEET_LAUNCHER);
        return switch (launcher) {
            case "process" -> ProcessLauncher.of(settings);
            case "external" -> Launcher.external();
            default ->
                throw new ConfigException(
                        Setting.FLEET_LAUNCHER.key() + " is neither process nor external: " + launcher);
        };
    }

    /**
     * Never twice the same: whoever holds the lease by its name would share it, and its epoch, with the life before it, or
     * with a second coordinator that was given the same name.
     */
    private static String name(Settings settings) {
        String name = settings.string(Setting.COORDINATOR_NAME);
        String readable = name.isEmpty()
                ? LocalHost.name() + "-" + ProcessHandle.current().pid()
                : name;
        return readable + "/" + UUID.randomUUID().toString().substring(0, 8);
    }

    private static <T extends AutoCloseable> T opened(Deque<AutoCloseable> resources, T resource) {
        resources.push(resource);
        return resource;
    }

    private static void closeAll(Deque<AutoCloseable> resources) {
        while (!resources.isEmpty()) {
            try {
                resources.pop().close();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            } catch (Exception e) {
                LOG.warn("Something could not be closed: {}", e.getMessage(), e);
            }
        }
    }
}
