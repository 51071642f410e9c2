package dev.muster.store;

import dev.muster.fleet.Incarnation;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Types;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/** Workers and their incarnations, as the coordinator sees them. Thread-safe. */
public final class FleetStore {
    private final Db db;

    public FleetStore(Database database) {
        this.db = new Db(database);
    }

    /** Who starts the process of an incarnation. */
    public enum LauncherKind {
        /** A coordinator, on its own host. */
        PROCESS,
        /** Somebody else. */
        EXTERNAL;

        String wireName() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** What became of a wish to fence. */
    public enum FenceVerdict {
        /** Fenced now. */
        FENCED,
        /** Was fenced before. */
        ALREADY,
        /** There is no such incarnation. */
        UNKNOWN,
        /** The epoch is not the leader's any more; nothing was written. */
        DEPOSED,
        /** A leader lives, so only it may; nothing was written. */
        LEADER_DECIDES,
        /** It drains under a lease of its own; nothing was written. */
        DRAINING
    }

    /**
     * The process of an incarnation, as far as it is known.
     *
     * @param startedAt by the operating system; with the pid it names a process, since pids are used again
     * @param healthHost where its health port is reached; with the port empty until the process has registered itself
     */
    public record ProcessFacts(
            @Nullable String host,
            @Nullable Long pid,
            @Nullable Instant startedAt,
            @Nullable String healthHost,
            @Nullable Integer healthPort) {}

    /** A life that is not fenced. */
    public record LiveIncarnation(
            Incarnation incarnation, String pool, LauncherKind launcher, ProcessFacts process, Instant mintedAt) {}

    /**
     * Mints a new life of a worker under the leader's epoch.
     *
     * @return empty while the life before is not fenced, or when the epoch is the leader's no more
     */
    public Optional<Incarnation> mint(String worker, String pool, LauncherKind launcher, String host, long epoch) {
        return db.first(
                "mint an incarnation of " + worker,
                FleetSql.MINT,
                statement -> {
                    statement.setString(1, worker);
                    statement.setString(2, pool);
                    statement.setString(3, launcher.wireName());
                    statement.setString(4, host);
                    statement.setLong(5, epoch);
                },
                row -> {
                    String id = row.getString("incarnation");
                    return id == null ? null : new Incarnation(id);
                });
    }

    /** Notes which process an incarnation is. */
    public void recordProcess(Incarnation incarnation, String host, long pid, @Nullable Instant startedAt) {
        db.update("record the process of " + incarnation, FleetSql.RECORD_PROCESS, statement -> {
            statement.setString(1, host);
            statement.setLong(2, pid);
            statement.setObject(3, Db.timestamp(startedAt));
            statement.setString(4, incarnation.id());
        });
    }

    /**
     * Says for good that an incarnation is dead, so that its running jobs may be adopted.
     *
     * @param epoch the leader's; empty for an incarnation that ends itself and for a partition's owner
     * @throws StoreException with code CONTENDED when somebody holds a lock of it for more than 200 ms
     */
    public FenceVerdict fence(Incarnation incarnation, String reason, String by, OptionalLong epoch) {
        return db.first(
                        "fence " + incarnation,
                        FleetSql.FENCE,
                        statement -> {
                            statement.setString(1, incarnation.id());
                            statement.setString(2, reason);
                            statement.setString(3, by);
                            if (epoch.isPresent()) {
                                statement.setLong(4, epoch.getAsLong());
                            } else {
                                statement.setNull(4, Types.BIGINT);
                            }
                        },
                        row -> FenceVerdict.valueOf(row.getString("verdict").toUpperCase(Locale.ROOT)))
                .orElseThrow();
    }

    /** Ends what an incarnation has open in Postgres; returns how many sessions that were. */
    public int endBackends(Incarnation incarnation) {
        return db.first(
                        "end the sessions of " + incarnation,
                        FleetSql.END_BACKENDS,
                        statement -> statement.setString(1, incarnation.id()),
                        row -> row.getInt("ended"))
                .orElseThrow();
    }

    /** All lives that are not fenced, by worker. */
    public List<LiveIncarnation> live() {
        return db.query("read the fleet", FleetSql.LIVE, statement -> {}, FleetStore::live);
    }

    private static LiveIncarnation live(ResultSet row) throws SQLException {
        return new LiveIncarnation(
                new Incarnation(row.getString("incarnation")),
                row.getString("pool"),
                LauncherKind.valueOf(row.getString("launcher").toUpperCase(Locale.ROOT)),
                new ProcessFacts(
                        row.getString("host"),
                        row.getObject("pid", Long.class),
                        Db.instant(row, "process_started_at"),
                        row.getString("health_host"),
                        row.getObject("health_port", Integer.class)),
                Objects.requireNonNull(Db.instant(row, "minted_at"), "minted_at"));
    }
}
