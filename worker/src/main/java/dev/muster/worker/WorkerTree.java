package dev.muster.worker;

import dev.muster.fleet.Heartbeat;
import dev.muster.protocol.Command;
import dev.muster.store.SupervisionLog;
import dev.muster.supervision.AutoShutdown;
import dev.muster.supervision.ChildSpec;
import dev.muster.supervision.Request;
import dev.muster.supervision.Restart;
import dev.muster.supervision.Shutdown;
import dev.muster.supervision.Strategy;
import dev.muster.supervision.SupervisorFlags;
import dev.muster.supervision.runtime.ChildDefinition;
import dev.muster.supervision.runtime.ChildStart;
import dev.muster.supervision.runtime.Life;
import dev.muster.supervision.runtime.SupervisionEvent;
import dev.muster.supervision.runtime.Supervisor;
import dev.muster.supervision.runtime.SupervisorStartException;
import dev.muster.supervision.runtime.ThreadLife;
import dev.muster.time.Ticker;
import dev.muster.worker.execution.JobRunner;
import dev.muster.worker.execution.Slots;
import dev.muster.worker.heartbeat.Commands;
import dev.muster.worker.heartbeat.Heartbeats;
import dev.muster.worker.lane.Lane;
import dev.muster.worker.lane.LaneEvent;
import dev.muster.worker.poll.Intake;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The worker's inside as a supervision tree. Each part needs those before it, so a part that breaks is restarted with
 * those after it, and the incarnation lives on:
 *
 * <pre>
 * worker (rest_for_one, 3 restarts in 10 s, then the process ends)
 * ├─ store      (one_for_one; a lane's end is the end of the store)
 * │  ├─ trust     reads the own row
 * │  ├─ lane-0 …  what is said to Postgres
 * │  └─ watch     queues and the group
 * ├─ gateway    asks the provider whether it lives
 * ├─ executor   the jobs' threads
 * ├─ intake     the poll loop
 * ├─ commands   from the coordinator
 * └─ heartbeat  to the coordinator: it speaks for all before it
 * </pre>
 *
 * <p>INVARIANT: a lane has lost its memory when it starts again, so no job's thread may be left from before: the executor
 * stands after the store. A claim must find itself under a later epoch than that of a lane which is gone: intake stands
 * after both, and joins the group anew. Lanes, executor and intake must never be there twice; one that does not end in
 * its time ends the process.
 *
 * <p>Thread-safe.
 */
final class WorkerTree {
    static final String ROOT = "worker";
    private static final String STORE = "store";
    private static final String INTAKE = "intake";
    private static final String HEARTBEAT = "heartbeat";

    private static final Logger LOG = LoggerFactory.getLogger(WorkerTree.class);
    private static final SupervisorFlags FLAGS =
            SupervisorFlags.defaults().withStrategy(Strategy.REST_FOR_ONE).withIntensity(3, Duration.ofSeconds(10));
    private static final SupervisorFlags STORE_FLAGS = SupervisorFlags.defaults()
            .withIntensity(3, Duration.ofSeconds(10))
            .withAutoShutdown(AutoShutdown.ANY_SIGNIFICANT);
    /** More than all parts have together to end. */
    private static final Duration END = Duration.ofSeconds(30);

    private final WorkerParts parts;
    private final Ending ending;
    private final Ticker ticker;
    private final Consumer<SupervisionEvent> events;
    private final Voice voice;
    private volatile StorePart store;
    private volatile @Nullable Intake intake;
    private volatile @Nullable Supervisor root;
    private volatile boolean draining;
    /** The process is about to end: what does not end is of no matter, and INVARIANT: nothing starts any more. */
    private volatile boolean stopping;

    /** What the worker as a whole says to the coordinator, hears from it, and does when told to drain. Thread-safe. */
    record Voice(Supplier<Heartbeat> heartbeat, Consumer<Command> obey, Consumer<String> drain) {}

    /** A tree; nothing runs yet. */
    WorkerTree(
            WorkerParts parts,
            int slots,
            Ending ending,
            Ticker ticker,
            Consumer<SupervisionEvent> events,
            Voice voice) {
        this.parts = parts;
        this.store = StorePart.none(slots);
        this.ending = ending;
        this.ticker = ticker;
        this.events = new LastBreakdown(ROOT, new SupervisionLog().andThen(events), ending::gaveUp);
        this.voice = voice;
    }

    /** Starts all parts in order. */
    void start() throws SupervisorStartException, InterruptedException {
        root = Supervisor.start(
                ROOT,
                FLAGS,
                List.of(
                        child(ChildSpec.supervisor(STORE), this::startStore),
                        part("gateway", this::startGateway),
                        part("executor", this::startExecutor),
                        part(INTAKE, this::startIntake),
                        // Its reader takes half a second to close, which nobody has to wait for.
                        child(
                                ChildSpec.worker("commands").withShutdown(new Shutdown.BrutalKill()),
                                this::startCommands),
                        part(HEARTBEAT, this::startHeartbeat)),
                ticker,
                events);
    }

    /** Nothing new is claimed or started from now on, also not by lanes of a later life, and intake leaves the group for good. */
    void drain() {
        draining = true;
        store.lanes().forEach(Lane::drain);
        Supervisor supervisor = root;
        if (supervisor != null) {
            var _ = supervisor.call(new Request.TerminateChild(INTAKE));
        }
    }

    boolean isDraining() {
        return draining;
    }

    /** True once a draining worker has written its last outcome. */
    boolean isDrained() {
        return store.lanes().stream().allMatch(Lane::isDrained);
    }

    /** Stops all parts in reverse order; jobs that still run are interrupted, and nobody waits for them. After {@link #drain}. */
    void stop() throws InterruptedException {
        Supervisor supervisor = root;
        if (supervisor == null) {
            return;
        }
        stopping = true;
        supervisor.shutdown();
        try {
            var _ = supervisor.onExit().get(END.toNanos(), TimeUnit.NANOSECONDS);
        } catch (TimeoutException e) {
            LOG.atWarn().log("The parts have not ended within {}; the process ends with them", END);
        } catch (ExecutionException e) {
            throw new IllegalStateException("INVARIANT: the end of a life can't fail", e);
        }
    }

    /** Those of now; none for moments. */
    List<Lane> lanes() {
        return store.lanes();
    }

    Slots slots() {
        return store.slots();
    }

    /** True while this life of the poll loop polls, or has nothing to poll. */
    boolean isMember() {
        Intake now = intake;
        return parts.isQuarantine() || (now != null && now.isMember());
    }

    private Optional<Life> startStore() throws SupervisorStartException, InterruptedException {
        StorePart life = parts.store();
        store = life;
        if (draining) {
            life.lanes().forEach(Lane::drain); // RACE: drain() may have told the lanes before
        }
        List<ChildDefinition> children = new ArrayList<>();
        children.add(part("trust", () -> service("trust", parts.trust()::run)));
        for (Lane lane : life.lanes()) {
            String name = lane.toString();
            // Without it the others know of nothing that was its business: all of them begin anew.
            children.add(child(
                    ChildSpec.worker(name).withRestart(Restart.TEMPORARY).withSignificant(true),
                    () -> Optional.of(new Part(name, lane::run, lane::close, () -> stuck(name)))));
        }
        children.add(part("watch", () -> service("watch", () -> parts.watch(this::lanes))));
        return Optional.of(Supervisor.start(ROOT + "/" + STORE, STORE_FLAGS, children, ticker, events));
    }

    private Optional<Life> startGateway() {
        // A virtual thread: only on one of those an interrupt ends a call that waits for its answer.
        return parts.health().map(check -> ThreadLife.task("gateway", Part.logged("gateway", check::run)));
    }

    private Optional<Life> startExecutor() {
        JobRunner runner = parts.executor(new JobRunner.Unending() {
            @Override
            public boolean isOfNoMatter() {
                return stopping;
            }

            @Override
            public void threads(int count) {
                stuck("executor, by " + count + " threads of jobs,");
            }

            @Override
            public void abandoned(int count) {
                voice.drain().accept(count + " threads of jobs run on though they were abandoned");
            }
        });
        store.lanes().forEach(lane -> lane.tell(new LaneEvent.RunnerReady()));
        return Optional.of(runner);
    }

    private Optional<Life> startIntake() {
        if (draining || parts.isQuarantine()) {
            return Optional.empty(); // it has left the group for good, or was never in one
        }
        Intake life = parts.intake(store, () -> !draining);
        intake = life;
        return Optional.of(new Part(INTAKE, life::run, life::leave, () -> stuck(INTAKE)));
    }

    private Optional<Life> startCommands() {
        Commands commands = parts.commands(voice.obey());
        return Optional.of(new Part("commands", commands::run, commands::close, commands::close));
    }

    private Optional<Life> startHeartbeat() {
        Heartbeats heartbeats = parts.heartbeats(voice.heartbeat());
        return service(HEARTBEAT, heartbeats::run);
    }

    /** A thread of its own that ends when it is interrupted; one too many of it would do no harm. */
    private static Optional<Life> service(String name, ThreadLife.Body loop) {
        return Optional.of(ThreadLife.service(name, Part.logged(name, loop)));
    }

    private ChildDefinition part(String name, ChildStart start) {
        return child(ChildSpec.worker(name), start);
    }

    private ChildDefinition child(ChildSpec spec, ChildStart start) {
        return new ChildDefinition(spec, () -> stopping ? Optional.empty() : start.start());
    }

    /** What must not be there twice has not ended: the process has to, before the part's next life begins. */
    private void stuck(String name) {
        if (!stopping) { // else it is about to
            ending.gaveUp(name + " did not end when it was told to");
        }
    }
}
