package dev.muster.simulation;

import dev.muster.coordinator.leadership.Term;
import dev.muster.coordinator.leadership.TermStep;
import dev.muster.coordinator.liveness.HealthAddress;
import dev.muster.coordinator.liveness.LivenessConfig;
import dev.muster.coordinator.liveness.LivenessDecider;
import dev.muster.coordinator.liveness.LivenessEffect;
import dev.muster.coordinator.liveness.LivenessEvent;
import dev.muster.coordinator.liveness.LivenessState;
import dev.muster.fleet.Heartbeat;
import dev.muster.fleet.Incarnation;
import dev.muster.store.StoreException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A coordinator's process: it asks for the lease, watches heartbeats by {@link LivenessDecider}, and while it leads
 * recovers from deaths in the order of {@code Recovery}: fence and evict at once for an exit; fence, kill, evict for
 * silence. Whom it restarts, {@link SimFleet} decides.
 */
final class SimCoordinator extends Proc {
    private static final Duration TTL = Duration.ofSeconds(3);
    private static final long ROUND = World.millis(50);
    private static final long SURVEY = World.millis(1_000);
    private static final long FENCE_PATIENCE = World.millis(300);

    private final Scene scene;
    private final String id;
    private final boolean killLost;
    private final List<String> names;
    private final Wire wire;
    private final LivenessDecider decider;
    private LivenessState liveness = LivenessState.initial();
    private Optional<Term> term = Optional.empty();
    private @Nullable SimFleet fleet;
    private final List<Heartbeat> unread = new ArrayList<>();
    private Set<Incarnation> known = Set.of();
    private boolean surveyed;

    SimCoordinator(Scene scene, String id, boolean killLost, List<String> names) {
        super(scene.world(), id);
        this.scene = scene;
        this.id = id;
        this.killLost = killLost;
        this.names = names;
        this.wire = new Wire(this, scene.net());
        ModelPostgres db = scene.postgres();
        this.decider = new LivenessDecider(new LivenessConfig(
                Duration.ofMillis(750),
                Duration.ofMillis(1_500),
                Duration.ofSeconds(30),
                Duration.ofMillis(375),
                Duration.ofSeconds(1),
                db.isOn(Guard.MASS_HOLD) ? Duration.ofSeconds(10) : Duration.ZERO,
                Duration.ofMillis(500)));
    }

    void start() {
        var _ = spawn(this::leadLoop);
        var _ = spawn(this::surveyLoop);
        round();
    }

    // ---- the lease ----

    private void leadLoop() {
        while (true) {
            long started = world().now();
            try {
                OptionalLong epoch = wire.call(() -> scene.postgres().lead(id, TTL));
                term = epoch.isPresent()
                        ? Optional.of(new Term(epoch.getAsLong(), started + TTL.toNanos()))
                        : Optional.empty();
            } catch (StoreException e) {
                world().note(() -> id + " can't ask for the lease");
            }
            sleep(TTL.toNanos() / 3);
        }
    }

    OptionalLong epoch() {
        return term.filter(t -> TermStep.isTrustedAt(t, world().now()))
                .map(t -> OptionalLong.of(t.epoch()))
                .orElseGet(OptionalLong::empty);
    }

    boolean leads(long epoch) {
        return epoch().equals(OptionalLong.of(epoch));
    }

    // ---- liveness ----

    /** It stands in the topic, and is read as soon as that can be read. */
    void hears(Heartbeat heartbeat) {
        unread.add(heartbeat);
        read();
    }

    private void read() {
        if (!isCutFromKafka()) {
            unread.forEach(heartbeat -> take(new LivenessEvent.Heard(heartbeat)));
            unread.clear();
        }
    }

    private void round() {
        after(ROUND, this::round);
        tenure();
        read();
        take(new LivenessEvent.Tick(!scene.kafka().isDown() && !isCutFromKafka()));
    }

    void take(LivenessEvent event) {
        LivenessDecider.Decision decision = decider.decide(liveness, event, world().now());
        liveness = decision.next();
        decision.effects().forEach(this::carryOut);
    }

    private void carryOut(LivenessEffect effect) {
        switch (effect) {
            case LivenessEffect.Probe(Incarnation incarnation) ->
                after(world().millisBetween(1, 30), () -> probe(incarnation));
            case LivenessEffect.Lost(Incarnation incarnation, Duration silence) -> {
                world().note(() -> id + " finds " + incarnation + " lost after " + silence.toMillis() + " ms");
                SimFleet now = fleet;
                if (now != null && leads(now.epoch())) {
                    now.lost(incarnation);
                }
            }
            case LivenessEffect.Changed _ -> {}
            case LivenessEffect.HoldBegan _, LivenessEffect.HoldEnded _ -> world().note(() -> id + ": " + effect);
        }
    }

    private void probe(Incarnation incarnation) {
        boolean answers = scene.worker(incarnation)
                .filter(worker -> worker.state() == State.UP && !worker.isCutFromKafka())
                .isPresent();
        take(new LivenessEvent.Probed(incarnation, answers && scene.postgres().isOn(Guard.TWO_FACTS)));
    }

    // ---- while it leads ----

    private void tenure() {
        OptionalLong now = epoch();
        SimFleet had = fleet;
        if (had != null && !leads(had.epoch())) {
            had.drop();
            fleet = null;
        }
        if (fleet == null && now.isPresent()) {
            world().note(() -> id + " leads, epoch " + now.getAsLong());
            surveyed = false;
            take(new LivenessEvent.FreshStart());
            SimFleet begun = new SimFleet(this, scene, now.getAsLong(), names);
            fleet = begun;
        }
    }

    private void surveyLoop() {
        while (true) {
            SimFleet now = fleet;
            if (now != null) {
                try {
                    survey(now, wire.call(() -> scene.postgres().live()));
                } catch (StoreException e) {
                    world().note(() -> id + " can't look around");
                }
            }
            sleep(SURVEY);
        }
    }

    private void survey(SimFleet now, List<Incarnation> live) {
        if (fleet != now) {
            return;
        }
        known.stream().filter(i -> !live.contains(i)).forEach(i -> take(new LivenessEvent.Ended(i)));
        if (!surveyed) {
            take(new LivenessEvent.Known(new HashSet<>(live)));
        }
        known = Set.copyOf(live);
        live.stream()
                .filter(i -> !now.isDead(i))
                .forEach(i -> take(new LivenessEvent.Expected(i, Optional.of(new HealthAddress("here", 1)))));
        if (!surveyed) {
            surveyed = true;
            now.begin();
        }
        now.killOverdue(live);
    }

    /** A worker's process has ended, as who started it sees. */
    void sees(SimWorker worker) {
        after(world().millisBetween(1, 20), () -> {
            SimFleet now = fleet;
            if (now != null) {
                now.exited(worker);
            }
        });
    }

    // ---- recovery ----

    /** Fences, and does the rest in its order. The fence goes on beside it until it stands, or another leads. */
    void recover(Incarnation dead, boolean silent, SimFleet under, Runnable fenced) {
        take(new LivenessEvent.Ended(dead));
        var _ = spawn(() -> fence(dead, under, fenced));
        var _ = spawn(() -> {
            long begun = world().now();
            while (silent && !under.isFenced(dead) && world().now() - begun < FENCE_PATIENCE) {
                sleep(World.millis(10));
            }
            if (!leads(under.epoch())) {
                return;
            }
            if (silent && killLost) {
                scene.worker(dead).ifPresent(worker -> worker.die("killed by " + id));
            }
            evict(dead, under);
        });
    }

    private void fence(Incarnation dead, SimFleet under, Runnable fenced) {
        while (leads(under.epoch()) || !scene.postgres().isOn(Guard.LEADER_EPOCH)) {
            try {
                boolean stands = wire.call(() -> scene.postgres().fence(dead, id, under.epoch()))
                        .isPresent();
                if (stands) {
                    fenced.run();
                    scene.announceFence(dead);
                }
                return;
            } catch (StoreException e) {
                sleep(World.millis(50));
            }
        }
    }

    private void evict(Incarnation dead, SimFleet under) {
        for (int tries = 0; tries < 10 && leads(under.epoch()); tries++) {
            if (!scene.kafka().isDown() && !isCutFromKafka()) {
                scene.kafka().remove(dead.id(), "evicted by " + id);
                return;
            }
            sleep(World.millis(250));
        }
    }

    Wire wire() {
        return wire;
    }
}
