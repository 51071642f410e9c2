package dev.muster.store;

import static java.util.Objects.requireNonNull;

import dev.muster.job.AfterDead;
import dev.muster.job.JobId;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/**
 * Keys that wait for an operator since a job of theirs is dead, and what operators have said of that in advance. A redrive of
 * the dead job ends its hold by itself. Every method throws {@link StoreException}. Thread-safe.
 */
public final class KeyHoldStore {
    /** What is counted behind a key at most. */
    public static final int MOST_BEHIND = 1_000;

    private final Db db;

    public KeyHoldStore(Database database) {
        this.db = new Db(database);
    }

    /** What follows a dead job of a type in its key, in one queue. */
    public record Policy(String queue, String type, AfterDead afterDead) {}

    /**
     * A held key.
     *
     * @param dead the job that it is held for
     * @param behind how many jobs wait, {@link #MOST_BEHIND} for so many or more
     */
    public record Hold(String queue, String key, JobId dead, String type, Instant since, int behind) {}

    /** Says it for deaths from now on; what is held stays held. False where there is no such queue. */
    public boolean say(Policy policy) {
        return db.update(
                        "say what follows a dead " + policy.type() + " in " + policy.queue(),
                        KeyHoldSql.SAY,
                        statement -> {
                            statement.setString(1, policy.type());
                            statement.setBoolean(2, policy.afterDead() == AfterDead.HOLD_KEY);
                            statement.setString(3, policy.queue());
                        })
                == 1;
    }

    /** From now on the handler's own word counts. */
    public void unsay(String queue, String type) {
        db.update("leave to the handler what follows a dead " + type + " in " + queue, KeyHoldSql.UNSAY, statement -> {
            statement.setString(1, type);
            statement.setString(2, queue);
        });
    }

    /** Whatever operators have said, by queue and type. */
    public List<Policy> policies() {
        return db.query(
                "list what follows dead jobs",
                KeyHoldSql.POLICIES,
                statement -> {},
                row -> new Policy(
                        row.getString("queue"),
                        row.getString("type"),
                        row.getBoolean("holds") ? AfterDead.HOLD_KEY : AfterDead.GO_ON));
    }

    /**
     * The held keys, the oldest hold first, at most {@code limit}.
     *
     * @param queue empty: of all queues
     */
    public List<Hold> held(Optional<String> queue, int limit) {
        return db.query(
                "list held keys",
                KeyHoldSql.HELD,
                statement -> {
                    statement.setString(1, queue.orElse(null));
                    statement.setString(2, queue.orElse(null));
                    statement.setInt(3, limit);
                },
                row -> new Hold(
                        row.getString("queue"),
                        row.getString("order_key"),
                        new JobId(row.getObject("job_id", UUID.class)),
                        row.getString("type"),
                        requireNonNull(Db.instant(row, "held_at")),
                        row.getInt("behind")));
    }

    /** Lets a key go on without its dead job, which stays a dead letter. False: it was not held. */
    public boolean release(String queue, String key) {
        return db.first(
                        "release the key " + key + " of " + queue,
                        KeyHoldSql.RELEASE,
                        statement -> {
                            statement.setString(1, queue);
                            statement.setString(2, key);
                        },
                        row -> row.getBoolean(1))
                .orElse(false);
    }
}
