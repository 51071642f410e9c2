package dev.muster.store;

import java.sql.Types;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * How many jobs of a limit key run at once in the whole fleet. A change counts for what starts from then on: nothing that
 * runs is stopped, and what started without a limit does not count. Thread-safe.
 */
public final class LimitStore {
    private final Db db;

    public LimitStore(Database database) {
        this.db = new Db(database);
    }

    /** What a limit is of. The exact key goes before the longest prefix, that before the queue's default. */
    public enum Kind {
        /** Jobs with this limit key. */
        KEY,
        /** Each limit key that begins so, on its own. */
        PREFIX,
        /** Each limit key of this queue's jobs that no other limit names, on its own. */
        QUEUE;

        /** The name in Postgres. */
        public String wireName() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /**
     * A limit.
     *
     * @param max jobs at once, 0 to 10000; with 0 none starts
     */
    public record Limit(Kind kind, String name, int max) {
        public Limit {
            if (max < 0 || max > 10_000) {
                throw new IllegalArgumentException("a limit is not between 0 and 10000: " + max);
            }
            if (name.isEmpty()) {
                throw new IllegalArgumentException("a limit of nothing");
            }
        }
    }

    /**
     * A key in use.
     *
     * @param running jobs that have a slot
     * @param waiting jobs that wait for one
     */
    public record Use(String key, int running, int waiting) {}

    /** Sets a limit, whatever it was before. */
    public void set(Limit limit) {
        set(limit.kind(), limit.name(), Optional.of(limit.max()));
    }

    /** Takes a limit away; said again it changes nothing. */
    public void remove(Kind kind, String name) {
        set(kind, name, Optional.empty());
    }

    /** All limits, in the order in which they are looked for. */
    public List<Limit> list() {
        return db.query(
                "list limits",
                LimitSql.LIST,
                statement -> {},
                row -> new Limit(
                        Kind.valueOf(row.getString("kind").toUpperCase(Locale.ROOT)),
                        row.getString("name"),
                        row.getInt("max")));
    }

    /** Keys of which jobs have a slot or wait for one, by name; at most {@code limit}. */
    public List<Use> use(int limit) {
        return db.query(
                "look at the limits in use",
                LimitSql.USE,
                statement -> statement.setInt(1, limit),
                row -> new Use(row.getString("limit_key"), row.getInt("running"), row.getInt("waiting")));
    }

    private void set(Kind kind, String name, Optional<Integer> max) {
        db.query(
                "set the limit of " + kind.wireName() + " " + name,
                LimitSql.SET,
                statement -> {
                    statement.setString(1, kind.wireName());
                    statement.setString(2, name);
                    statement.setObject(3, max.orElse(null), Types.INTEGER);
                },
                row -> Optional.empty());
    }
}
