package dev.muster.worker;

import dev.muster.config.Setting;
import dev.muster.config.Settings;
import dev.muster.fleet.Heartbeat;
import dev.muster.fleet.Incarnation;
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
import dev.muster.telemetry.MeterName;
import dev.muster.time.Ticker;
import dev.muster.worker.execution.Handlers;
import dev.muster.worker.execution.JobRunner;
import dev.muster.worker.execution.Slots;
import dev.muster.worker.heartbeat.Commands;
import dev.muster.worker.heartbeat.HealthServer;
import dev.muster.worker.heartbeat.Heartbeats;
import dev.muster.worker.intake.Demand;
import dev.muster.worker.intake.QueueWatch;
import dev.muster.worker.intake.SubmissionReader;
import dev.muster.worker.lane.Lane;
import dev.muster.worker.lane.LaneEvent;
import dev.muster.worker.lane.LaneMeters;
import dev.muster.worker.lane.LaneParts;
import dev.muster.worker.lane.LateIntake;
import dev.muster.worker.poll.Intake;
import dev.muster.worker.trust.GroupWatch;
import dev.muster.worker.trust.TrustWindow;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.Admin;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One life of a worker: its parts and how they hang together.
 *
 * <pre>
 * Intake (poll loop) ──records──► Lane (store thread, 2 by default) ──claimed──► JobRunner (virtual thread per job)
 *        ▲                          │      ▲                                          │
 *        └──── resume, demand ──────┘      └──────────── outcome, intents ────────────┘
 * TrustWindow reads the own row · GroupWatch looks who is missing · Heartbeats and Commands talk with the coordinator
 * </pre>
 *
 * <p>Each loop is a platform thread; when one breaks down, the worker ends and its supervisor decides. Thread-safe.
 */
public final class Worker {
    private static final Logger LOG = LoggerFactory.getLogger(Worker.class);
    private static final Duration COMMANDS_FETCH_WAIT = Duration.ofMillis(500);
    private static final Duration WATCH = Duration.ofMillis(500);
    /** How long a closing lane may take for the statement that it is in. */
    private static final Duration LANE_END = Duration.ofSeconds(2);

    private final WorkerConfig config;
    private final Ticker ticker;
    private final Incarnation me;
    private final Ending ending;
    private final Database database;
    private final IncarnationStore incarnations;
    private final IncidentStore incidents;
    private final Admin admin;
    private final Handlers handlers;
    private final JobRunner runner;
    private final QueueWatch queues;
    private final GroupWatch group;
    private final TrustWindow trust;
    private final List<Lane> lanes = new ArrayList<>();
    private final Intake intake;
    private final Heartbeats heartbeats;
    private final Commands commands;
    private final List<Thread> laneThreads = new ArrayList<>();
    private volatile boolean draining;

    /**
     * What a worker is made with besides its settings.
     *
     * @param host where others reach its health port
     */
    record Surroundings(
            Settings settings,
            PrometheusMeterRegistry meters,
            HealthServer health,
            Ticker ticker,
            FaultPoint.Listener faults,
            String host) {}

    /** Puts the parts together; nothing runs yet. The incarnation is minted and registered. */
    Worker(
            WorkerConfig config,
            Incarnation me,
            Database database,
            List<JobHandler<?>> builtIn,
            LaneParts.Circuits circuits,
            Ending ending,
            Surroundings around) {
        Settings settings = around.settings();
        Ticker ticker = around.ticker();
        KafkaClients kafka = new KafkaClients(settings);
        OwnershipStore ownership = new OwnershipStore(database, me);
        this.handlers = Handlers.load(builtIn, config.paths().handlers());
        Slots slots = new Slots(config.slots());
        Demand demand = new Demand(config.slots());
        LaneMeters laneMeters = new LaneMeters(around.meters(), ticker);
        this.config = config;
        this.ticker = ticker;
        this.me = me;
        this.ending = ending;
        this.database = database;
        this.incarnations = new IncarnationStore(database);
        this.incidents = new IncidentStore(database);
        this.admin = kafka.admin(me + "-admin");
        this.queues =
                new QueueWatch(new QueueStore(database), admin, config.names().pool(), ticker);
        this.trust = new TrustWindow(
                me, incarnations, config.trustWindow(), ticker, () -> ending.fenced("its own row is fenced or gone"));
        this.runner = new JobRunner(handlers, trust, around.faults(), ticker, around.meters());
        String groupId = Topics.group(config.names().pool());
        this.group = new GroupWatch(
                me, groupId, admin, ownership, incarnations, settings.duration(Setting.GROUP_SESSION_TIMEOUT), ticker);
        LaneParts parts = new LaneParts(
                ownership,
                runner,
                slots,
                demand,
                queues,
                new SubmissionReader(
                        config.maxRecordBytes(), type -> handlers.find(type).isPresent()),
                type -> handlers.find(type)
                        .filter(handler -> !handler.dependency().isEmpty())
                        .map(handler -> circuits.isOpenFor(handler.dependency()))
                        .orElse(false),
                new LaneWatch(),
                laneMeters,
                around.faults(),
                ticker);
        // Lanes and intake know each other; the lanes' view of intake is late-bound and used only once both run.
        LateIntake late = new LateIntake();
        IntStream.range(0, config.lanes()).forEach(i -> lanes.add(new Lane(i, config.lanes(), parts, late)));
        this.intake = new Intake(
                kafka.jobs(groupId, me, Math.min(500, config.slots())),
                lanes,
                demand,
                queues,
                trust::lookUntilAnswered,
                ticker);
        late.bind(intake);
        this.heartbeats = new Heartbeats(
                kafka.heartbeats(me + "-heartbeats"),
                sequence -> heartbeat(sequence, slots, laneMeters, circuits, around),
                settings.duration(Setting.HEARTBEAT_INTERVAL));
        this.commands = new Commands(kafka.reader(me + "-commands", COMMANDS_FETCH_WAIT), this::obey);
        MeterName.WORKER_SLOTS.gauge(around.meters(), slots, Slots::capacity);
        MeterName.WORKER_SLOTS_BUSY.gauge(around.meters(), slots, Slots::busy);
    }

    public Incarnation incarnation() {
        return me;
    }

    /** Completes when it has ended in good order; a worker that breaks down halts its process instead. */
    CompletableFuture<dev.muster.fleet.ExitCode> ended() {
        return ending.ended();
    }

    /** Starts all loops. */
    void start() throws InterruptedException {
        queues.look();
        handlers.prepare(); // before it gets partitions, and with them jobs that have waited already
        run("heartbeats", heartbeats);
        run("trust", trust);
        lanes.forEach(lane -> laneThreads.add(run(String.valueOf(lane), lane)));
        run("watch", this::watch);
        run("commands", commands);
        run("intake", intake);
        LOG.atInfo().addKeyValue("incarnation", me).log("Started");
    }

    /**
     * Leaves in good order: leaves the group, so that others take its partitions at once, lets what runs run to its end
     * under a drain lease, then says for good that this life is over. Idempotent; returns when it is done.
     */
    synchronized void drain(String why) throws InterruptedException {
        if (draining) {
            return;
        }
        draining = true;
        LOG.atInfo().log("Draining: {}", why);
        renewDrain();
        lanes.forEach(Lane::drain);
        intake.leave();
        long begun = ticker.nanos();
        long renewed = begun;
        while (!lanes.stream().allMatch(Lane::isDrained)
                && ticker.nanos() - begun < config.drainTimeout().toNanos()) {
            TimeUnit.MILLISECONDS.sleep(20);
            if (ticker.nanos() - renewed > TimeUnit.SECONDS.toNanos(1)) {
                renewDrain();
                renewed = ticker.nanos();
            }
        }
        boolean clean = lanes.stream().allMatch(Lane::isDrained);
        // The lanes first: what an interrupted handler says is no outcome, and must reach nobody.
        lanes.forEach(Lane::close);
        for (Thread lane : laneThreads) {
            lane.join(LANE_END);
        }
        sayGoodbye();
        heartbeats.close();
        commands.close();
        trust.close();
        admin.close(Duration.ofSeconds(1));
        database.close();
        runner.close();
        ending.normally(clean ? "drained" : "drained; jobs that did not end in time are left to others");
    }

    private void sayGoodbye() {
        try {
            incarnations.fence(me, "left", me);
        } catch (StoreException e) {
            LOG.atWarn().log("Can't say that this life is over; others will find out: {}", e.getMessage());
        }
    }

    private void renewDrain() {
        try {
            incarnations.renewDrain(me);
        } catch (StoreException e) {
            LOG.atWarn().log("Can't renew the drain lease; running jobs may be adopted: {}", e.getMessage());
        }
    }

    private Thread run(String name, Runnable loop) {
        return Thread.ofPlatform().name(name).start(() -> {
            try {
                loop.run();
            } catch (Throwable e) { // a loop's top: let it crash, and the supervisor decides
                ending.failed(name, e);
            }
        });
    }

    private void watch() {
        GroupWatch.Listener listener = new GroupListener();
        long groupLookedAt = ticker.nanos();
        try {
            while (!draining) {
                queues.awaitTurn(WATCH);
                if (ticker.nanos() - groupLookedAt >= WATCH.toNanos()) {
                    group.look(listener);
                    groupLookedAt = ticker.nanos();
                }
                if (!draining && queues.isDue()) {
                    queues.look();
                    lanes.forEach(lane -> lane.tell(new LaneEvent.QueuesSeen()));
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void obey(Command command) {
        switch (command) {
            case Command.Fenced(Incarnation fenced) -> {
                if (fenced.equals(me)) {
                    trust.look();
                } else {
                    scanNow();
                }
            }
            case Command.Scan() -> scanNow();
            case Command.Stop(Incarnation whom) -> {
                if (whom.equals(me)) {
                    trust.look(); // whoever wants it gone has fenced it first; a command alone ends nothing
                }
            }
            case Command.Drain(Incarnation whom) -> {
                if (whom.equals(me)) {
                    Thread.ofPlatform().name("drain").start(() -> {
                        try {
                            drain("a command");
                        } catch (InterruptedException e) {
                            Thread.currentThread().interrupt();
                        }
                    });
                }
            }
        }
    }

    private void scanNow() {
        lanes.forEach(lane -> lane.tell(new LaneEvent.ScanNow()));
    }

    private Heartbeat heartbeat(
            long sequence, Slots slots, LaneMeters done, LaneParts.Circuits circuits, Surroundings around) {
        Heartbeat.Phase phase = draining
                ? Heartbeat.Phase.DRAINING
                : intake.isMember() ? Heartbeat.Phase.RUNNING : Heartbeat.Phase.STARTING;
        return new Heartbeat(
                me,
                sequence,
                config.names().pool(),
                phase,
                around.host(),
                ProcessHandle.current().pid(),
                around.health().port(),
                slots.capacity(),
                slots.busy(),
                new Heartbeat.Counters(
                        done.claimedTotal(), done.settledTotal(), done.adoptedTotal(), done.rejectedTotal()),
                circuits.states());
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
            Worker.this.incident(kind, subject, summary);
        }
    }

    private final class GroupListener implements GroupWatch.Listener {
        @Override
        public void assignedAgain(PartitionEpoch partition) {
            lanes.get(Lane.indexOf(partition.queue(), partition.partition(), lanes.size()))
                    .tell(new LaneEvent.Assigned(List.of(partition)));
        }

        @Override
        public void incident(String kind, String subject, String summary) {
            Worker.this.incident(kind, subject, summary);
        }

        @Override
        public void fenced(Incarnation incarnation) {
            scanNow();
        }
    }
}
