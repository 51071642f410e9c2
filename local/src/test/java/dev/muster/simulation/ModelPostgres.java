package dev.muster.simulation;

import dev.muster.fleet.Incarnation;
import dev.muster.job.JobId;
import dev.muster.job.Queue;
import dev.muster.store.IncarnationStore.Fenced;
import dev.muster.store.IncarnationStore.OwnRow;
import dev.muster.store.Incarnations;
import dev.muster.store.Ownership;
import dev.muster.store.OwnershipStore;
import dev.muster.store.PartitionEpoch;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * What the functions of the ownership protocol promise, as a model: each call is one statement, which happens at once.
 * Its tables are here; what is said about jobs is {@link ModelOwnership}. {@code ModelContract} holds it against the
 * real ones. Not modelled: cancellation, limits, unique keys, deadlines; they are told of in docs/simulation.md.
 */
final class ModelPostgres implements Incarnations {
    private static final Duration DRAIN_LEASE = Duration.ofSeconds(3);

    final World world;
    final Set<Guard> off;
    final Rules rules;
    final Map<String, Queue> queues = new HashMap<>();
    final Map<Incarnation, Life> lives = new LinkedHashMap<>();
    final Map<String, Owner> owners = new TreeMap<>();
    final Map<JobId, JobRow> running = new TreeMap<>();
    final Map<JobId, JobRow> waiting = new TreeMap<>();
    final Map<JobId, byte[]> identities = new HashMap<>();
    final Map<String, Intent> intents = new HashMap<>();
    final Map<JobId, List<Final>> history = new HashMap<>();
    private final Map<Incarnation, Long> drains = new HashMap<>();
    private final Map<String, Integer> lastNumbers = new HashMap<>();
    private @Nullable Lease lease;
    private long keyPositions;

    ModelPostgres(World world, Set<Guard> off, Rules rules) {
        this.world = world;
        this.off = off;
        this.rules = rules;
    }

    /** A row of worker_incarnation. */
    static final class Life {
        final String worker;
        final boolean minted;
        boolean registered;

        @Nullable
        Long fencedAt;

        Life(String worker, boolean byLeader) {
            this.worker = worker;
            this.minted = byLeader;
        }
    }

    /** A row of partition_owner. */
    static final class Owner {
        Incarnation incarnation;
        int epoch;
        long nextOffset;
        UUID topicId;

        Owner(Incarnation incarnation, int epoch, UUID topicId) {
            this.incarnation = incarnation;
            this.epoch = epoch;
            this.topicId = topicId;
        }
    }

    /** A row of job_intent. */
    static final class Intent {
        final JobId job;
        final String key;
        long openedAt;
        boolean open = true;

        Intent(JobId job, String key, long openedAt) {
            this.job = job;
            this.key = key;
            this.openedAt = openedAt;
        }
    }

    /** A row of job_history. */
    record Final(String state, Incarnation by, int attempt, long at) {}

    private record Lease(String holder, long epoch, long expiresAt) {}

    boolean isOn(Guard guard) {
        return !off.contains(guard);
    }

    /** What this incarnation says about partitions and jobs. */
    Ownership ownership(Incarnation me) {
        return new ModelOwnership(this, me);
    }

    static String place(String queue, int partition) {
        return queue + "/" + partition;
    }

    /** Guard (a). */
    boolean owns(Incarnation me, PartitionEpoch partition) {
        Owner owner = owners.get(place(partition.queue(), partition.partition()));
        return owner != null && owner.incarnation.equals(me) && owner.epoch == partition.epoch();
    }

    long nextKeyPosition() {
        return ++keyPositions;
    }

    boolean isFenced(Incarnation incarnation) {
        Life life = lives.get(incarnation);
        return life == null || life.fencedAt != null;
    }

    // ---- jobs ----

    Queue queue(String name) {
        return Objects.requireNonNull(queues.get(name), name);
    }

    void end(JobId id, String state, Incarnation by, int attempt) {
        history.computeIfAbsent(id, _ -> new ArrayList<>()).add(new Final(state, by, attempt, world.now()));
        world.note(() -> "job " + id + " is " + state + ", attempt " + attempt + " of " + by);
        rules.ended(id, state);
    }

    boolean isFinal(JobId id) {
        return history.containsKey(id);
    }

    boolean hasOpenCall(JobId id) {
        return intents.values().stream().anyMatch(intent -> intent.open && intent.job.equals(id));
    }

    void close(JobId id, String step) {
        Intent intent = intents.get(id + "/" + step);
        if (intent != null) {
            intent.open = false;
        }
    }

    OwnershipStore.Intent open(JobId id, String step) {
        Intent known = intents.get(id + "/" + step);
        Optional<Instant> unanswered = Optional.empty();
        if (known == null) {
            known = new Intent(id, "muster:" + id + ":" + step + ":1", world.now());
            intents.put(id + "/" + step, known);
        } else if (known.open) {
            unanswered = Optional.of(World.instant(known.openedAt));
        } else {
            known.openedAt = world.now();
            known.open = true;
        }
        return new OwnershipStore.Intent(id, step, known.key, unanswered);
    }

    // ---- lives ----

    /** Null p_epoch: a worker that someone else starts. */
    Optional<Incarnation> mint(String worker, OptionalLong epoch) {
        if (isOn(Guard.LEADER_EPOCH) && epoch.isPresent() && !isLed(epoch.getAsLong())) {
            return Optional.empty();
        }
        boolean taken = lives.values().stream().anyMatch(l -> l.worker.equals(worker) && l.fencedAt == null);
        if (taken && isOn(Guard.ONE_LIFE)) {
            return Optional.empty();
        }
        int number = lastNumbers.merge(worker, 1, Integer::sum);
        Incarnation minted = new Incarnation(worker + "." + number);
        lives.put(minted, new Life(worker, epoch.isPresent()));
        world.note(() -> minted + " is minted");
        return Optional.of(minted);
    }

    boolean register(Incarnation me) {
        Life life = lives.get(me);
        if (life == null || life.fencedAt != null || life.registered) {
            return false;
        }
        life.registered = true;
        return true;
    }

    /** Lives that a leader has minted and nobody has fenced. */
    List<Incarnation> live() {
        List<Incarnation> live = new ArrayList<>();
        lives.forEach((incarnation, life) -> {
            if (life.minted && life.fencedAt == null) {
                live.add(incarnation);
            }
        });
        return live;
    }

    @Override
    public OwnRow ownRow(Incarnation me) {
        Life life = lives.get(me);
        return life == null ? OwnRow.MISSING : life.fencedAt == null ? OwnRow.LIVE : OwnRow.FENCED;
    }

    @Override
    public Fenced fence(Incarnation incarnation, String reason, Incarnation by) {
        if (!by.equals(incarnation)) {
            if (leaderIsFresh()) {
                return Fenced.LEADER_DECIDES;
            }
            if (isOn(Guard.DRAIN_LEASE) && drains.getOrDefault(incarnation, 0L) > world.now()) {
                return Fenced.DRAINING;
            }
        }
        return fenceNow(incarnation, by.id());
    }

    /** By a leader; empty: it leads no more. */
    Optional<Fenced> fence(Incarnation incarnation, String by, long epoch) {
        if (isOn(Guard.LEADER_EPOCH) && !isLed(epoch)) {
            return Optional.empty();
        }
        return Optional.of(fenceNow(incarnation, by));
    }

    private Fenced fenceNow(Incarnation incarnation, String by) {
        Life life = lives.get(incarnation);
        if (life == null) {
            return Fenced.UNKNOWN;
        }
        if (life.fencedAt != null) {
            return Fenced.ALREADY;
        }
        life.fencedAt = world.now();
        world.note(() -> incarnation + " is fenced by " + by);
        rules.fenced(incarnation, by);
        return Fenced.FENCED;
    }

    @Override
    public void renewDrain(Incarnation me) {
        drains.put(me, world.now() + DRAIN_LEASE.toNanos());
    }

    // ---- leadership ----

    OptionalLong lead(String holder, Duration ttl) {
        Lease before = lease;
        boolean fresh = before != null && before.expiresAt() > world.now();
        if (fresh && !before.holder().equals(holder)) {
            return OptionalLong.empty();
        }
        long epoch = before == null ? 1 : before.holder().equals(holder) && fresh ? before.epoch() : before.epoch() + 1;
        lease = new Lease(holder, epoch, world.now() + ttl.toNanos());
        return OptionalLong.of(epoch);
    }

    boolean leaderIsFresh() {
        return lease != null && lease.expiresAt() > world.now();
    }

    private boolean isLed(long epoch) {
        return leaderIsFresh() && lease != null && lease.epoch() == epoch;
    }
}
