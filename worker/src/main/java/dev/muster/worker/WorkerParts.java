package dev.muster.worker;

import dev.muster.config.Setting;
import dev.muster.config.Settings;
import dev.muster.fleet.Heartbeat;
import dev.muster.fleet.Incarnation;
import dev.muster.job.AfterDead;
import dev.muster.job.JobHandler;
import dev.muster.kafka.KafkaClients;
import dev.muster.protocol.Command;
import dev.muster.protocol.Topics;
import dev.muster.store.Database;
import dev.muster.store.IncarnationStore;
import dev.muster.store.IncidentStore;
import dev.muster.store.OwnershipStore;
import dev.muster.store.PartitionEpoch;
import dev.muster.store.QueueStore;
import dev.muster.store.StoreException;
import dev.muster.store.SupervisionHistory;
import dev.muster.time.Ticker;
import dev.muster.worker.execution.Abandoned;
import dev.muster.worker.execution.Handlers;
import dev.muster.worker.execution.JobRunner;
import dev.muster.worker.execution.LateRunner;
import dev.muster.worker.execution.Shares;
import dev.muster.worker.execution.Slots;
import dev.muster.worker.heartbeat.Commands;
import dev.muster.worker.heartbeat.Heartbeats;
import dev.muster.worker.intake.Demand;
import dev.muster.worker.intake.QueueWatch;
import dev.muster.worker.intake.SubmissionReader;
import dev.muster.worker.lane.Lane;
import dev.muster.worker.lane.LaneEvent;
import dev.muster.worker.lane.LaneMeters;
import dev.muster.worker.lane.LaneParts;
import dev.muster.worker.lane.LateIntake;
import dev.muster.worker.payments.HealthCheck;
import dev.muster.worker.poll.Intake;
import dev.muster.worker.poll.Rest;
import dev.muster.worker.trust.GroupWatch;
import dev.muster.worker.trust.TrustWindow;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.Admin;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How the worker's parts are made, each anew for each of its lives. What lives as long as the process is either without
 * state, or knows a fact that no restart may invent: when the own row was last seen, which queues there are, how the
 * provider is. Thread-safe.
 */
final class WorkerParts {
    /** A key's jobs that begin before those before them are durable: as many as are over within this time. */
    private static final Duration EARLY = Duration.ofMillis(50);

    private static final Logger LOG = LoggerFactory.getLogger(WorkerParts.class);
    private static final Duration COMMANDS_FETCH_WAIT = Duration.ofMillis(500);
    private static final Duration WATCH = Duration.ofMillis(100);
    /** The trust window's thread, and a poll loop that has lost its partitions. */
    private static final int WATCHERS = 2;

    private final WorkerConfig config;
    private final Incarnation me;
    private final Worker.Surroundings around;
    private final Ticker ticker;
    private final KafkaClients kafka;
    private final Admin admin;
    private final Database database;
    /** For the look at the own row, which a wire that was cut without a word must not hold up for long. */
    private final Database watching;

    private final OwnershipStore ownership;
    private final IncarnationStore incarnations;
    private final IncidentStore incidents;
    private final SupervisionHistory history;
    private final Handlers handlers;
    private final Provider provider;
    private final QueueWatch queues;
    private final GroupWatch group;
    private final TrustWindow trust;
    private final LaneMeters laneMeters;
    private final Abandoned abandoned;
    private final Ending ending;
    // Lanes stand before the executor and intake, and speak to whoever lives there now.
    private final LateRunner lateRunner = new LateRunner();
    private final LateIntake lateIntake = new LateIntake();

    /**
     * The service outside that jobs call.
     *
     * @param health empty: it is not asked
     */
    record Provider(LaneParts.Circuits circuits, List<JobHandler<?>> handlers, Optional<HealthCheck> health) {}

    /** Makes what lives as long as the process. */
    WorkerParts(
            WorkerConfig config,
            Incarnation me,
            Database database,
            Provider provider,
            Ending ending,
            Worker.Surroundings around) {
        Settings settings = around.settings();
        this.config = config;
        this.me = me;
        this.around = around;
        this.ticker = around.ticker();
        this.database = database;
        this.watching = Database.impatient(settings, me.id(), WATCHERS);
        this.provider = provider;
        this.ending = ending;
        this.kafka = new KafkaClients(settings);
        this.admin = kafka.admin(me + "-admin");
        this.ownership = new OwnershipStore(database, me);
        this.incarnations = new IncarnationStore(database);
        this.incidents = new IncidentStore(database);
        this.history = new SupervisionHistory(me.id()).writeTo(database);
        this.handlers = Handlers.load(provider.handlers(), config.paths().handlers());
        this.laneMeters = new LaneMeters(around.meters(), ticker);
        this.abandoned = new Abandoned(around.meters(), settings.integer(Setting.WORKER_MAX_ABANDONED, 1, 10_000));
        this.queues =
                new QueueWatch(new QueueStore(database), admin, config.names().pool(), ticker);
        this.trust = new TrustWindow(
                me,
                new IncarnationStore(watching),
                config.trustWindow(),
                ticker,
                () -> ending.fenced("its own row is fenced or gone"));
        this.group = new GroupWatch(
                me,
                groupId(),
                admin,
                ownership,
                incarnations,
                settings.duration(Setting.GROUP_SESSION_TIMEOUT),
                ticker);
    }

    /** Where the events of the tree are kept. */
    SupervisionHistory history() {
        return history;
    }

    /** What has to be known, and is better loaded, before there are partitions, and with them jobs that have waited already. */
    void prepare() throws InterruptedException {
        queues.look();
        handlers.prepare();
    }

    StorePart store() {
        Slots slots = new Slots(config.slots());
        Demand demand = new Demand(config.slots());
        LaneParts shared = new LaneParts(
                ownership,
                lateRunner,
                new Shares(slots, this::weight),
                demand,
                queues,
                new SubmissionReader(
                        config.maxRecordBytes(), type -> handlers.find(type).isPresent()),
                type -> handlers.find(type)
                        .filter(handler -> !handler.dependency().isEmpty())
                        .map(handler -> provider.circuits().isOpenFor(handler.dependency()))
                        .orElse(false),
                handlers.types(AfterDead.HOLD_KEY),
                new LaneParts.Early(handlers.notStrict(), EARLY),
                new LaneWatch(),
                laneMeters,
                around.faults(),
                config.quarantine(),
                around.settings().duration(Setting.JOB_CANCEL_GRACE),
                ticker);
        int lanes = config.lanes();
        return new StorePart(
                slots,
                demand,
                IntStream.range(0, lanes)
                        .mapToObj(i -> new Lane(i, lanes, shared, lateIntake))
                        .toList());
    }

    /** Of a queue that is gone, or not seen yet: the least. */
    private int weight(String queue) {
        return queues.view().find(queue).map(entry -> entry.queue().weight()).orElse(1);
    }

    /** True if it is in no group and runs only what is lent to it. */
    boolean isQuarantine() {
        return config.quarantine();
    }

    TrustWindow trust() {
        return trust;
    }

    LaneMeters laneMeters() {
        return laneMeters;
    }

    Optional<HealthCheck> health() {
        return provider.health();
    }

    JobRunner executor(JobRunner.Unending unending) {
        JobRunner runner =
                new JobRunner(handlers, trust, around.faults(), ticker, around.meters(), abandoned, unending);
        lateRunner.bind(runner);
        return runner;
    }

    /**
     * A poll loop for these lanes.
     *
     * @param comesBack false when it leaves the group for good
     */
    Intake intake(StorePart store, BooleanSupplier comesBack) {
        Intake.Hooks hooks = new Intake.Hooks() {
            @Override
            public void onLost() {
                trust.lookUntilAnswered();
            }

            @Override
            public void onLeaving() {
                if (comesBack.getAsBoolean()) {
                    renewDrain(); // jobs may run on, and where no coordinator leads, who is absent is taken for dead
                }
            }
        };
        int mostPolled = Math.min(500, config.slots());
        Intake intake = new Intake(
                kafka.jobs(groupId(), me, mostPolled),
                mostPolled,
                store.lanes(),
                store.demand(),
                queues,
                hooks,
                around.faults(),
                Rest.ofThread(),
                ticker);
        lateIntake.bind(intake);
        return intake;
    }

    Commands commands(Consumer<Command> obey) {
        return new Commands(kafka.reader(me + "-commands", COMMANDS_FETCH_WAIT), obey);
    }

    Heartbeats heartbeats(Supplier<Heartbeat> heartbeat) {
        return new Heartbeats(
                kafka.heartbeats(me + "-heartbeats"),
                heartbeat,
                around.settings().duration(Setting.HEARTBEAT_INTERVAL),
                around.faults());
    }

    /** Looks at the queues and at the group until it is interrupted. */
    void watch(Supplier<List<Lane>> lanes) throws InterruptedException {
        GroupWatch.Listener listener = new GroupListener(lanes);
        long groupLookedAt = ticker.nanos();
        while (true) {
            queues.awaitTurn(WATCH);
            if (config.quarantine()) {
                renewDrain(); // it is in no group, and where no coordinator leads, who is absent is taken for dead
            }
            if (ticker.nanos() - groupLookedAt >= WATCH.toNanos()) {
                group.look(listener);
                groupLookedAt = ticker.nanos();
            }
            if (queues.isDue()) {
                queues.look();
                lanes.get().forEach(lane -> lane.tell(new LaneEvent.QueuesSeen()));
            }
        }
    }

    /** While its lease is fresh, nobody takes this worker for dead because it is in no group. */
    void renewDrain() {
        try {
            incarnations.renewDrain(me);
        } catch (StoreException e) {
            LOG.atWarn().log("Can't renew the drain lease; running jobs may be adopted: {}", e.getMessage());
        }
    }

    /** Says for good that this life is over, and lets go of all connections. After the tree has ended. */
    void goodbye() {
        try {
            incarnations.fence(me, "left", me);
        } catch (StoreException e) {
            LOG.atWarn().log("Can't say that this life is over; others will find out: {}", e.getMessage());
        }
        admin.close(Duration.ofSeconds(1));
        history.close();
        watching.close();
        database.close();
    }

    private String groupId() {
        return Topics.group(config.names().pool());
    }

    private void incident(String kind, String subject, String summary) {
        LOG.atWarn().addKeyValue("kind", kind).addKeyValue("subject", subject).log(summary);
        try {
            incidents.open(kind, subject, summary, Map.of("reported_by", me.id()), 0);
        } catch (StoreException e) {
            LOG.atWarn().log("Can't record this incident: {}", e.getMessage());
        }
    }

    /** What lanes find out and the worker as a whole acts on. */
    private final class LaneWatch implements LaneParts.Watch {
        @Override
        public void fenced() {
            ending.fenced("Postgres says that it is fenced");
        }

        @Override
        public void suspicious(OwnershipStore.Foreign foreign) {
            group.suspect(foreign.incarnation());
        }

        @Override
        public void overtaken(PartitionEpoch mine, int storedEpoch) {
            group.overtaken(mine, storedEpoch);
        }

        @Override
        public void incident(String kind, String subject, String summary) {
            WorkerParts.this.incident(kind, subject, summary);
        }
    }

    private final class GroupListener implements GroupWatch.Listener {
        private final Supplier<List<Lane>> lanes;

        GroupListener(Supplier<List<Lane>> lanes) {
            this.lanes = lanes;
        }

        @Override
        public void assignedAgain(PartitionEpoch partition) {
            List<Lane> now = lanes.get();
            now.get(Lane.indexOf(partition.queue(), partition.partition(), now.size()))
                    .tell(new LaneEvent.Assigned(List.of(partition)));
        }

        @Override
        public void incident(String kind, String subject, String summary) {
            WorkerParts.this.incident(kind, subject, summary);
        }

        @Override
        public void fenced(Incarnation incarnation) {
            lanes.get().forEach(lane -> lane.tell(new LaneEvent.ScanNow()));
        }
    }
}
