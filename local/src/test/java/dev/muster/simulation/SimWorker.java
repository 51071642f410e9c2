package dev.muster.simulation;

import dev.muster.fleet.Heartbeat;
import dev.muster.fleet.Incarnation;
import dev.muster.protocol.Topics;
import dev.muster.store.IncarnationStore;
import dev.muster.store.Incarnations;
import dev.muster.store.Ownership;
import dev.muster.store.OwnershipStore;
import dev.muster.store.PartitionEpoch;
import dev.muster.store.StoreException;
import dev.muster.worker.execution.Shares;
import dev.muster.worker.execution.Slots;
import dev.muster.worker.intake.Demand;
import dev.muster.worker.intake.SubmissionReader;
import dev.muster.worker.lane.Lane;
import dev.muster.worker.lane.LaneEvent;
import dev.muster.worker.lane.LaneMeters;
import dev.muster.worker.lane.LaneParts;
import dev.muster.worker.lane.LaneStep;
import dev.muster.worker.lane.LateIntake;
import dev.muster.worker.poll.Intake;
import dev.muster.worker.trust.GroupWatch;
import dev.muster.worker.trust.TrustWindow;
import io.micrometer.core.instrument.composite.CompositeMeterRegistry;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.apache.kafka.common.errors.UnreleasedInstanceIdException;
import org.jspecify.annotations.Nullable;

/**
 * A worker process of one incarnation: its own lanes, poll loop, trust window and look at the group, on threads of the
 * simulation, with models instead of servers. Only the executor's threads are played.
 */
final class SimWorker extends Proc {
    static final UUID TOPIC = new UUID(0x8000L, 0x8000_0000_0000_0000L);
    private static final int LANES = 2;
    private static final int SLOTS = 5;
    private static final long BEAT = World.millis(250);

    private final Scene scene;
    private final Incarnation me;
    private final Incarnations incarnations;
    private final Ownership ownership;
    private final TrustWindow trust;
    private final GroupWatch group;
    private final LateIntake lateIntake = new LateIntake();
    private final List<Fiber> threads = new ArrayList<>();
    private final SimQueues queues;
    private List<SimLane> lanes = List.of();
    private @Nullable SimRunner runner;
    private @Nullable Intake intake;
    private @Nullable Fiber intakeThread;
    private int life;
    private long beats;
    private int told;
    private boolean restarting;
    private boolean draining;

    SimWorker(Scene scene, Incarnation me) {
        super(scene.world(), me.id());
        this.scene = scene;
        this.me = me;
        Wire wire = new Wire(this, scene.net());
        this.incarnations = wire.over(Incarnations.class, scene.postgres());
        this.ownership =
                Scans.of(wire.over(Ownership.class, scene.postgres().ownership(me)), scene.postgres().off, world());
        this.trust = new TrustWindow(me, incarnations, Scene.TRUST, world().ticker(), () -> halt("fenced"));
        this.group = new GroupWatch(
                me,
                Topics.group("default"),
                new SimAdmin(this, scene.kafka()).admin(),
                ownership,
                incarnations,
                scene.postgres().isOn(Guard.FRESH_WINDOW) ? Duration.ofSeconds(3) : Duration.ZERO,
                world().ticker());
        this.queues = new SimQueues(this, () -> lanes);
    }

    Incarnation incarnation() {
        return me;
    }

    /** Its main thread: registers, then starts the parts. */
    void start() {
        var _ = spawn(() -> {
            sleep(world().millisBetween(20, 150));
            if (!register()) {
                halt("its name is taken or fenced");
            }
            scene.rules().lives(me, this);
            startParts();
            trustLoop();
        });
        var _ = spawn(this::watchLoop);
        beat();
    }

    private boolean register() {
        while (true) {
            try {
                return new Wire(this, scene.net()).call(() -> scene.postgres().register(me));
            } catch (StoreException e) {
                sleep(World.millis(100));
            }
        }
    }

    /** True if it has been up and reachable, and Kafka too, for long enough that everybody knows it. */
    boolean isHeard() {
        return state() == State.UP && !isCutFromKafka() && !isCutFromPostgres() && told > 6;
    }

    private void trustLoop() {
        while (true) {
            trust.look();
            sleep(Scene.TRUST.toNanos() / 2);
        }
    }

    private void watchLoop() {
        while (true) {
            sleep(2 * BEAT);
            try {
                group.look(new GroupListener());
            } catch (InterruptedException e) {
                throw new IllegalStateException("nobody interrupts a simulated thread", e);
            }
        }
    }

    private void beat() {
        if (!isGone()) {
            after(BEAT + world().millisBetween(0, 10), this::beat);
            if (lanes.isEmpty()) {
                return; // it is starting
            }
            Heartbeat.Phase phase = draining ? Heartbeat.Phase.DRAINING : Heartbeat.Phase.RUNNING;
            boolean went = scene.heartbeat(
                    this,
                    new Heartbeat(
                            me,
                            ++beats,
                            "default",
                            phase,
                            "here",
                            1,
                            1,
                            SLOTS,
                            0,
                            new Heartbeat.Counters(0, 0, 0, 0),
                            Map.of()));
            told = went ? told + 1 : 0;
        }
    }

    // ---- parts ----

    private void startParts() {
        life++;
        Slots slots = new Slots(SLOTS);
        Demand demand = new Demand(SLOTS);
        SimRunner executor = new SimRunner(this, me, scene.jobs(), scene.provider(), scene.rules(), this::isTrusted);
        LaneParts parts = new LaneParts(
                ownership,
                executor,
                new Shares(slots, _ -> 1),
                demand,
                queues,
                new SubmissionReader(10_000, _ -> true),
                _ -> false,
                List.of(),
                new LaneParts.Early(List.of("test"), Duration.ofSeconds(1)),
                new LaneWatch(),
                new LaneMeters(new CompositeMeterRegistry(), world().ticker()),
                _ -> {},
                false,
                Duration.ofSeconds(1),
                world().ticker());
        List<SimLane> started = new ArrayList<>();
        for (int i = 0; i < LANES; i++) {
            started.add(new SimLane(this, new LaneStep(new Lane(i, LANES, parts, lateIntake))));
        }
        lanes = List.copyOf(started);
        if (draining) {
            lanes.forEach(lane -> lane.lane().drain());
        }
        runner = executor;
        threads.clear();
        lanes.forEach(lane -> threads.add(spawn(lane::run)));
        if (!draining) {
            startIntake(demand);
        }
    }

    private void startIntake(Demand demand) {
        SimConsumer consumer = new SimConsumer(this, scene.kafka(), me.id(), life);
        Intake polls = new Intake(
                consumer.consumer(),
                500,
                lanes.stream().map(SimLane::lane).toList(),
                demand,
                queues,
                new Hooks(),
                _ -> {},
                consumer.rest(),
                world().ticker());
        lateIntake.bind(polls);
        intake = polls;
        intakeThread = spawn(() -> poll(polls));
    }

    /** Another member has its instance id, since a leave was lost: restarts don't help, so the process ends. */
    private void poll(Intake polls) {
        try {
            polls.run();
        } catch (UnreleasedInstanceIdException e) {
            halt("its instance id is taken");
        }
    }

    /**
     * A lane breaks: the parts end in reverse order and start anew, as {@code WorkerTree} has them. A supervisor restarts
     * one after the other, so what breaks meanwhile is restarted with it.
     */
    void breakStore() {
        if (lanes.isEmpty() || draining || restarting) {
            return; // what breaks while the parts end, ends with them
        }
        restarting = true;
        var _ = spawn(() -> {
            world().note(() -> this + " starts its parts anew");
            List<Fiber> broken = List.copyOf(threads);
            broken.forEach(this::end);
            endIntake();
            SimRunner executor = runner;
            if (executor != null) {
                executor.close();
                while (!executor.isIdle()) {
                    sleep(World.millis(5));
                }
            }
            startParts();
            restarting = false;
        });
    }

    private void endIntake() {
        Intake polls = intake;
        Fiber thread = intakeThread;
        if (polls != null && thread != null) {
            polls.leave();
            while (!thread.isDone()) {
                sleep(World.millis(5));
            }
        }
    }

    /** Leaves in good order, as {@code Worker.drain} does. */
    void drain() {
        if (draining || lanes.isEmpty()) {
            return;
        }
        draining = true;
        world().note(() -> this + " drains");
        var _ = spawn(() -> {
            renewDrain();
            lanes.forEach(lane -> lane.lane().drain());
            endIntake();
            long renewed = world().now();
            while (!lanes.stream().allMatch(lane -> lane.lane().isDrained())) {
                sleep(World.millis(20));
                if (world().now() - renewed > World.millis(1_000)) {
                    renewDrain();
                    renewed = world().now();
                }
            }
            try {
                incarnations.fence(me, "left", me);
            } catch (StoreException e) {
                world().note(() -> me + " could not say that it is over");
            }
            halt("drained");
        });
    }

    private void renewDrain() {
        try {
            incarnations.renewDrain(me);
        } catch (StoreException e) {
            fault(); // out of its group and without a lease it may be taken for dead
            world().note(() -> me + " could not renew its drain lease");
        }
    }

    private boolean isTrusted() {
        return trust.isTrusted() || !scene.postgres().isOn(Guard.TRUST_WINDOW);
    }

    /** Others were fenced; or is it the one? */
    void hearsOfFence(Incarnation fenced) {
        if (fenced.equals(me)) {
            var _ = spawn(trust::look);
        } else {
            lanes.forEach(lane -> lane.lane().tell(new LaneEvent.ScanNow()));
        }
    }

    @Override
    void ran() {
        lanes.forEach(SimLane::stir);
    }

    private void halt(String why) {
        die(why);
        throw new Fiber.Killed();
    }

    @Override
    void died(String why) {
        SimRunner executor = runner;
        if (executor != null) {
            executor.die();
        }
        scene.exited(this);
    }

    // ---- what lanes and poll loop ask for ----

    private final class Hooks implements Intake.Hooks {
        @Override
        public void onLost() {
            boolean answered = false;
            while (!answered) {
                try {
                    answered = true;
                    if (incarnations.ownRow(me) != IncarnationStore.OwnRow.LIVE) {
                        halt("fenced, as it finds when it has lost its partitions");
                    }
                } catch (StoreException e) {
                    answered = false;
                    sleep(World.millis(50));
                }
            }
        }

        @Override
        public void onLeaving() {
            renewDrain();
        }
    }

    private final class LaneWatch implements LaneParts.Watch {
        @Override
        public void fenced() {
            halt("fenced, as Postgres says");
        }

        @Override
        public void suspicious(OwnershipStore.Foreign foreign) {
            if (scene.postgres().isOn(Guard.FENCE_ABSENT)) {
                group.suspect(foreign.incarnation());
            } else {
                incarnations.fence(foreign.incarnation(), "has running rows here", me);
            }
        }

        @Override
        public void overtaken(PartitionEpoch mine, int storedEpoch) {
            group.overtaken(mine, storedEpoch);
        }

        @Override
        public void incident(String kind, String subject, String summary) {
            world().note(() -> kind + " " + subject + ": " + summary);
        }
    }

    private final class GroupListener implements GroupWatch.Listener {
        @Override
        public void assignedAgain(PartitionEpoch partition) {
            lanes.get(Lane.indexOf(partition.queue(), partition.partition(), LANES))
                    .lane()
                    .tell(new LaneEvent.Assigned(List.of(partition)));
        }

        @Override
        public void incident(String kind, String subject, String summary) {
            world().note(() -> kind + " " + subject + ": " + summary);
        }

        @Override
        public void fenced(Incarnation incarnation) {
            lanes.forEach(lane -> lane.lane().tell(new LaneEvent.ScanNow()));
        }
    }
}
