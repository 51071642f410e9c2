package dev.muster.simulation;

import dev.muster.fleet.Incarnation;
import dev.muster.store.StoreException;
import dev.muster.supervision.ChildSpec;
import dev.muster.supervision.ExitReason;
import dev.muster.supervision.Pid;
import dev.muster.supervision.SupervisorDecider;
import dev.muster.supervision.SupervisorEffect;
import dev.muster.supervision.SupervisorEvent;
import dev.muster.supervision.SupervisorFlags;
import dev.muster.supervision.SupervisorSpec;
import dev.muster.supervision.SupervisorState;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The workers of a leader, for one time of leading: {@link SupervisorDecider} says who is started, and a life goes as in
 * {@code WorkerLife}: it waits for the fence of the life before, goes on with a process that runs already, or mints.
 */
final class SimFleet {
    private static final long AGAIN = World.millis(500);
    private static final SupervisorFlags FLAGS =
            SupervisorFlags.defaults().withIntensity(1_000, Duration.ofSeconds(10));

    private final SimCoordinator coordinator;
    private final Scene scene;
    private final long epoch;
    private final SupervisorSpec spec;
    private final Set<Incarnation> dead = new HashSet<>();
    private final Set<Incarnation> fenced = new HashSet<>();
    private final Map<String, Incarnation> latestDead = new HashMap<>();
    private final Map<String, Life> lives = new HashMap<>();
    private Set<Incarnation> overdue = Set.of();
    private @Nullable SupervisorState supervisor;
    private boolean dropped;

    SimFleet(SimCoordinator coordinator, Scene scene, long epoch, List<String> workers) {
        this.coordinator = coordinator;
        this.scene = scene;
        this.epoch = epoch;
        this.spec = new SupervisorSpec(
                FLAGS, workers.stream().map(ChildSpec::worker).toList());
    }

    /** A worker under its supervisor, from the wish to have it to its end. */
    private static final class Life {
        final Pid pid;

        @Nullable
        Incarnation incarnation;

        boolean over;

        Life(Pid pid) {
            this.pid = pid;
        }
    }

    long epoch() {
        return epoch;
    }

    boolean isDead(Incarnation incarnation) {
        return dead.contains(incarnation);
    }

    boolean isFenced(Incarnation incarnation) {
        return fenced.contains(incarnation);
    }

    void begin() {
        carryOut(SupervisorDecider.init(spec));
    }

    void drop() {
        dropped = true;
        for (Life life : lives.values()) {
            life.over = true;
        }
    }

    private void carryOut(SupervisorDecider.Decision decision) {
        supervisor = decision.next();
        for (SupervisorEffect effect : decision.effects()) {
            if (effect instanceof SupervisorEffect.Start(ChildSpec child, Pid pid)) {
                Life life = new Life(pid);
                lives.put(child.id(), life);
                var _ = coordinator.spawn(() -> live(child.id(), life));
                tell(new SupervisorEvent.StartResult.Started(pid));
            }
        }
    }

    private void tell(SupervisorEvent event) {
        SupervisorState now = supervisor;
        if (now != null && !dropped) {
            carryOut(SupervisorDecider.decide(now, event, coordinator.world().now()));
        }
    }

    // ---- a life ----

    private void live(String worker, Life life) {
        boolean begun = false;
        while (!begun && !life.over) {
            Incarnation before = latestDead.get(worker);
            if (before == null || fenced.contains(before)) {
                begun = attempt(worker, life);
            }
            if (!begun) {
                coordinator.sleep(before == null || fenced.contains(before) ? AGAIN : World.millis(10));
            }
        }
    }

    private boolean attempt(String worker, Life life) {
        try {
            Optional<Incarnation> resident = coordinator
                    .wire()
                    .call(() -> scene.postgres().live())
                    .stream()
                    .filter(i -> i.worker().equals(worker) && !dead.contains(i))
                    .findFirst();
            if (resident.isPresent()) {
                boolean runs =
                        scene.worker(resident.get()).filter(w -> !w.isGone()).isPresent();
                if (runs) {
                    life.incarnation = resident.get();
                    return true;
                }
                died(resident.get(), false);
                return false;
            }
            Optional<Incarnation> minted =
                    coordinator.wire().call(() -> scene.postgres().mint(worker, OptionalLong.of(epoch)));
            if (minted.isEmpty()) {
                return false;
            }
            life.incarnation = minted.get();
            if (life.over || !coordinator.leads(epoch)) {
                died(minted.get(), false); // its row would keep the name taken
            } else {
                scene.launch(minted.get());
            }
            return true;
        } catch (StoreException e) {
            return false;
        }
    }

    // ---- ends ----

    void lost(Incarnation incarnation) {
        died(incarnation, true);
        end(incarnation, new ExitReason.Crash("silent"));
    }

    void exited(SimWorker worker) {
        Incarnation incarnation = worker.incarnation();
        if (lives.values().stream().anyMatch(life -> incarnation.equals(life.incarnation))) {
            died(incarnation, false);
            end(incarnation, new ExitReason.Crash("exited"));
        }
    }

    private void died(Incarnation incarnation, boolean silent) {
        if (dropped || !dead.add(incarnation)) {
            return;
        }
        latestDead.put(incarnation.worker(), incarnation);
        coordinator.recover(incarnation, silent, this, () -> fenced.add(incarnation));
    }

    private void end(Incarnation incarnation, ExitReason reason) {
        Life life = lives.get(incarnation.worker());
        if (life != null && incarnation.equals(life.incarnation) && !life.over) {
            life.over = true;
            tell(new SupervisorEvent.Message.Exited(life.pid, reason));
        }
    }

    /** Who was fenced by others ends by itself; one that can't, being stopped, is ended here. */
    void killOverdue(List<Incarnation> live) {
        Set<Incarnation> now = new HashSet<>();
        lives.values().forEach(life -> {
            if (life.incarnation != null && !live.contains(life.incarnation)) {
                now.add(life.incarnation);
            }
        });
        for (Incarnation incarnation : now) {
            if (overdue.contains(incarnation)) {
                scene.worker(incarnation).ifPresent(worker -> worker.die("fenced and not ended"));
            }
        }
        overdue = now;
    }
}
