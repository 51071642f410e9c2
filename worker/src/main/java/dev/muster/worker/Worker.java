package dev.muster.worker;

import dev.muster.config.Settings;
import dev.muster.fleet.ExitCode;
import dev.muster.fleet.Heartbeat;
import dev.muster.fleet.Incarnation;
import dev.muster.protocol.Command;
import dev.muster.store.Database;
import dev.muster.supervision.runtime.SupervisionEvent;
import dev.muster.supervision.runtime.SupervisorStartException;
import dev.muster.telemetry.MeterName;
import dev.muster.time.Ticker;
import dev.muster.worker.heartbeat.HealthServer;
import dev.muster.worker.lane.Lane;
import dev.muster.worker.lane.LaneEvent;
import dev.muster.worker.lane.LaneMeters;
import dev.muster.worker.lane.LaneParts;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One life of a worker: how it begins, what it says of itself, what it obeys, and how it drains.
 *
 * <pre>
 * Intake (poll loop) ──records──► Lane (store thread, 2 by default) ──claimed──► JobRunner (virtual thread per job)
 *        ▲                          │      ▲                                          │
 *        └──── resume, demand ──────┘      └──────────── outcome, intents ────────────┘
 * TrustWindow reads the own row · GroupWatch looks who is missing · Heartbeats and Commands talk with the coordinator
 * </pre>
 *
 * <p>{@link WorkerTree} says which part needs which, and restarts what breaks; {@link WorkerParts} makes them. Thread-safe.
 */
public final class Worker {
    private static final Logger LOG = LoggerFactory.getLogger(Worker.class);

    private final WorkerConfig config;
    private final Incarnation me;
    private final Ending ending;
    private final WorkerParts parts;
    private final WorkerTree tree;
    private final Surroundings around;
    private final LaneParts.Circuits circuits;
    /** Goes on where an earlier life of the heartbeat has stopped. */
    private final AtomicLong beats = new AtomicLong();

    /**
     * What a worker is made with besides its settings.
     *
     * @param host where others reach its health port
     * @param events hears what happens in the worker's tree; must not wait
     */
    record Surroundings(
            Settings settings,
            PrometheusMeterRegistry meters,
            HealthServer health,
            Ticker ticker,
            FaultPoint.Listener faults,
            String host,
            Consumer<SupervisionEvent> events) {}

    /** Puts the parts together; nothing runs yet. The incarnation is minted and registered. */
    Worker(
            WorkerConfig config,
            Incarnation me,
            Database database,
            WorkerParts.Provider provider,
            Ending ending,
            Surroundings around) {
        this.config = config;
        this.me = me;
        this.ending = ending;
        this.around = around;
        this.circuits = provider.circuits();
        this.parts = new WorkerParts(config, me, database, provider, ending, around);
        this.tree = new WorkerTree(
                parts,
                config.slots(),
                ending,
                around.ticker(),
                around.events().andThen(parts.history()),
                new WorkerTree.Voice(this::heartbeat, this::obey));
        MeterName.WORKER_SLOTS.gauge(around.meters(), tree, t -> t.slots().capacity());
        MeterName.WORKER_SLOTS_BUSY.gauge(around.meters(), tree, t -> t.slots().busy());
    }

    public Incarnation incarnation() {
        return me;
    }

    /** Completes when it has ended in good order; a worker that breaks down halts its process instead. */
    CompletableFuture<ExitCode> ended() {
        return ending.ended();
    }

    /**
     * Starts all parts. A drain that is commanded meanwhile waits for it.
     *
     * @throws SupervisorStartException when one does not start; those before it are stopped again
     */
    synchronized void start() throws SupervisorStartException, InterruptedException {
        parts.prepare();
        tree.start();
        LOG.atInfo().addKeyValue("incarnation", me).log("Started");
    }

    /**
     * Leaves in good order: leaves the group, so that others take its partitions at once, lets what runs run to its end
     * under a drain lease, stops the parts, then says for good that this life is over. Idempotent; returns when it is
     * done.
     */
    synchronized void drain(String why) throws InterruptedException {
        if (tree.isDraining()) {
            return;
        }
        LOG.atInfo().log("Draining: {}", why);
        parts.renewDrain();
        tree.drain();
        Ticker ticker = around.ticker();
        long begun = ticker.nanos();
        long renewed = begun;
        while (!tree.isDrained()
                && ticker.nanos() - begun < config.drainTimeout().toNanos()) {
            TimeUnit.MILLISECONDS.sleep(20);
            if (ticker.nanos() - renewed > TimeUnit.SECONDS.toNanos(1)) {
                parts.renewDrain();
                renewed = ticker.nanos();
            }
        }
        boolean clean = tree.isDrained();
        tree.stop();
        parts.goodbye();
        ending.normally(clean ? "drained" : "drained; jobs that did not end in time are left to others");
    }

    private void obey(Command command) {
        switch (command) {
            case Command.Fenced(Incarnation fenced) -> {
                if (fenced.equals(me)) {
                    parts.trust().look();
                } else {
                    scanNow();
                }
            }
            case Command.Scan() -> scanNow();
            case Command.Stop(Incarnation whom) -> {
                if (whom.equals(me)) {
                    parts.trust().look(); // whoever wants it gone has fenced it first; a command alone ends nothing
                }
            }
            case Command.Drain(Incarnation whom) -> {
                if (whom.equals(me)) {
                    Thread.ofPlatform().name("drain").start(this::drainOnCommand);
                }
            }
        }
    }

    private void drainOnCommand() {
        try {
            drain("a command");
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void scanNow() {
        for (Lane lane : tree.lanes()) {
            lane.tell(new LaneEvent.ScanNow());
        }
    }

    private Heartbeat heartbeat() {
        Heartbeat.Phase phase = tree.isDraining()
                ? Heartbeat.Phase.DRAINING
                : tree.isMember() ? Heartbeat.Phase.RUNNING : Heartbeat.Phase.STARTING;
        LaneMeters done = parts.laneMeters();
        return new Heartbeat(
                me,
                beats.incrementAndGet(),
                config.names().pool(),
                phase,
                around.host(),
                ProcessHandle.current().pid(),
                around.health().port(),
                tree.slots().capacity(),
                tree.slots().busy(),
                new Heartbeat.Counters(
                        done.claimedTotal(), done.settledTotal(), done.adoptedTotal(), done.rejectedTotal()),
                circuits.states());
    }
}
