package dev.muster.simulation;

import dev.muster.fleet.Incarnation;
import dev.muster.job.JobId;
import dev.muster.store.Outcome;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What must hold, whatever happens. Each rule is looked at when something happens that could break it, so the first
 * broken one is told with the moment that broke it.
 */
final class Rules {
    private final World world;
    private final Duration trust;
    private @Nullable ModelPostgres db;

    /** In the order of their submission. */
    private final Map<JobId, Submitted> submitted = new LinkedHashMap<>();

    private final Map<String, List<JobId>> keys = new HashMap<>();
    private final Map<JobId, List<Live>> live = new HashMap<>();
    private final Map<Incarnation, Proc> procs = new HashMap<>();
    private final Set<JobId> charged = new HashSet<>();
    private final Set<Success> succeeded = new HashSet<>();

    Rules(World world, Duration trust) {
        this.world = world;
        this.trust = trust;
    }

    private record Submitted(JobId id, String key) {}

    private record Success(Incarnation of, JobId id, int attempt) {}

    /** A run whose thread is there. */
    record Live(Incarnation of, int attempt) {}

    void watch(ModelPostgres postgres) {
        db = postgres;
    }

    private ModelPostgres db() {
        if (db == null) {
            throw new IllegalStateException("nothing is watched yet");
        }
        return db;
    }

    /** A process lives this life. */
    void lives(Incarnation incarnation, Proc proc) {
        for (Map.Entry<Incarnation, Proc> other : procs.entrySet()) {
            if (other.getKey().worker().equals(incarnation.worker())
                    && !other.getValue().isGone()
                    && !db().isFenced(other.getKey())) {
                world.breaks("one live process per worker: " + other.getKey() + " and " + incarnation);
            }
        }
        procs.put(incarnation, proc);
    }

    /** Kafka has acknowledged it. Key: empty where there is no order. */
    void submitted(JobId id, String key) {
        submitted.put(id, new Submitted(id, key));
        if (!key.isEmpty()) {
            keys.computeIfAbsent(key, _ -> new ArrayList<>()).add(id);
        }
    }

    Set<JobId> jobs() {
        return submitted.keySet();
    }

    // ---- Postgres ----

    void becameRunning(JobRow row) {
        if (db().isFinal(row.id)) {
            world.breaks("a final job never runs again: " + row.id);
        }
        Submitted job = submitted.get(row.id);
        if (job != null && !job.key().isEmpty()) {
            for (JobId before : keys.get(job.key())) {
                if (before.equals(row.id)) {
                    break;
                }
                JobRow ahead = db().running.get(before);
                boolean together = ahead != null && row.incarnation != null && ahead.isOf(row.incarnation);
                if (!db().isFinal(before) && !together) {
                    world.breaks(
                            "order per key " + job.key() + ": " + row.id + " starts before " + before + " is final");
                }
            }
        }
    }

    /** Those that were submitted before it in its key and are not final. */
    private List<JobId> unfinishedBefore(JobId id) {
        Submitted job = submitted.get(id);
        if (job == null || job.key().isEmpty()) {
            return List.of();
        }
        return keys.get(job.key()).stream()
                .takeWhile(before -> !before.equals(id))
                .filter(before -> !db().isFinal(before))
                .toList();
    }

    void settles(JobRow row, Incarnation by, Outcome outcome) {
        if (live.getOrDefault(row.id, List.of()).contains(new Live(by, outcome.attempt()))) {
            world.breaks("an outcome is written when its run has ended: " + row.id + " attempt " + outcome.attempt()
                    + " of " + by + " still runs");
        }
        if (!row.isOf(by) || row.attempt != outcome.attempt()) {
            world.breaks("only the run that a row names writes: " + by + " attempt " + outcome.attempt()
                    + " wrote the row of " + row.incarnation + " attempt " + row.attempt);
        }
    }

    void ended(JobId id, String state) {
        unfinishedBefore(id)
                .forEach(before -> world.breaks("order per key: " + id + " ends before " + before + " is final"));
        if (db().history.get(id).size() > 1) {
            world.breaks("one final state: " + id + " has " + db().history.get(id));
        }
        if (!submitted.containsKey(id)) {
            world.breaks("nothing is made up: nobody submitted " + id);
        }
        if (!state.equals("succeeded") && charged.contains(id)) {
            world.breaks("money moves only for jobs that succeed: " + id + " is " + state + " and was charged");
        }
    }

    void fenced(Incarnation incarnation, String by) {
        Proc proc = procs.get(incarnation);
        if (proc != null && !proc.isGone() && !proc.isFaulted() && !by.equals(incarnation.id())) {
            world.breaks("nobody fences the healthy: " + incarnation + " by " + by);
        }
    }

    // ---- runs ----

    void begins(Incarnation of, JobId id, int attempt) {
        JobRow row = db().running.get(id);
        if (row != null && row.isOf(of) && row.attempt == attempt) {
            for (JobId before : unfinishedBefore(id)) {
                JobRow ahead = db().running.get(before);
                if (ahead == null || !succeeded.contains(new Success(of, before, ahead.attempt))) {
                    world.breaks("order per key: " + id + " begins and " + before + " has not succeeded");
                }
            }
        }
        List<Live> runs = live.computeIfAbsent(id, _ -> new ArrayList<>());
        for (Live other : runs) {
            if (!db().isFenced(other.of()) && !db().isFenced(of)) {
                world.breaks("no two runs of a job in live workers: " + id + " attempt " + attempt + " of " + of
                        + " beside " + other);
            }
        }
        runs.add(new Live(of, attempt));
    }

    /** Its thread has told its lane so. */
    void succeeds(Incarnation of, JobId id, int attempt) {
        succeeded.add(new Success(of, id, attempt));
    }

    void ends(Incarnation of, JobId id, int attempt) {
        List<Live> runs = live.get(id);
        if (runs != null) {
            runs.remove(new Live(of, attempt));
        }
    }

    /** A call leaves a worker. */
    void calls(Incarnation of, JobId id) {
        unfinishedBefore(id)
                .forEach(before -> world.breaks("order per key: a call of " + id + " before " + before + " is final"));
        ModelPostgres.Life life = db().lives.get(of);
        if (life != null && life.fencedAt != null && world.now() - life.fencedAt > trust.toNanos()) {
            world.breaks("no call is made by who was fenced longer ago than the trust window: " + of);
        }
    }

    /** The provider has taken the money. */
    void charged(JobId id) {
        charged.add(id);
        List<ModelPostgres.Final> ends = db().history.getOrDefault(id, List.of());
        if (!ends.isEmpty() && !ends.getFirst().state().equals("succeeded")) {
            world.breaks("money moves only for jobs that succeed: " + id + " was charged and is "
                    + ends.getFirst().state());
        }
    }

    // ---- in the end ----

    boolean isAllFinal() {
        return submitted.keySet().stream().allMatch(db()::isFinal);
    }

    /** Time is up, and faults ended long ago. */
    void finished() {
        for (JobId id : submitted.keySet()) {
            if (!db().isFinal(id)) {
                world.breaks("all that was submitted ends: " + id + " is " + where(id));
                return;
            }
        }
    }

    private String where(JobId id) {
        JobRow runs = db().running.get(id);
        JobRow waits = db().waiting.get(id);
        if (runs != null) {
            return "running under " + runs.incarnation + ", attempt " + runs.attempt + ", its threads " + live.get(id);
        }
        if (waits != null) {
            return waits.state + ", due at " + waits.dueAt / 1e6 + " ms, in " + waits.place;
        }
        return "nowhere: it was never claimed";
    }
}
