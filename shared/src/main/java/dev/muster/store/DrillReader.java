package dev.muster.store;

import dev.muster.store.IncidentStore.Incident;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/**
 * Reads what a fault has done to the fleet of a stack of its own, from the records that the product keeps anyway; reads
 * whole tables, so a production database is no place for it. Throws {@link StoreException}. Thread-safe.
 */
public final class DrillReader {
    private final Db db;

    public DrillReader(Database database) {
        this.db = new Db(database);
    }

    /** A partition of a queue. */
    public record Place(String queue, int partition) {}

    /** Who took a partition over last, and when, by Postgres' clock. */
    public record Owner(Place place, String incarnation, Instant takenAt) {}

    /**
     * A worker's life.
     *
     * @param pid of the process that lives it, once that is known
     * @param fencedAt empty: it lives
     */
    public record Life(
            String incarnation,
            String worker,
            Optional<Long> pid,
            Instant mintedAt,
            Optional<Instant> startedAt,
            Optional<Instant> fencedAt,
            Optional<String> fencedReason,
            Optional<String> fencedBy) {}

    /** Who leads. {@code fresh}: still. */
    public record Lease(String holder, long epoch, boolean fresh) {}

    /**
     * What became of an incarnation's writes.
     *
     * @param rejected writes that were refused
     * @param settled jobs that it settled although it was fenced
     * @param running jobs that still run under it
     */
    public record Writes(int rejected, int settled, int running) {}

    /** Of each partition that anybody ever owned. */
    public List<Owner> owners() {
        return db.query(
                "read who owns the partitions",
                DrillSql.OWNERS,
                statement -> {},
                row -> new Owner(
                        new Place(row.getString("queue"), row.getInt("partition")),
                        row.getString("incarnation"),
                        instant(row, "taken_at")));
    }

    /** How many jobs run, by incarnation; who runs none is not in it. */
    public Map<String, Integer> running() {
        Map<String, Integer> running = new HashMap<>();
        db.query(
                "count the running jobs",
                DrillSql.RUNNING,
                statement -> {},
                row -> running.put(row.getString("incarnation"), row.getInt("jobs")));
        return running;
    }

    /** Of all workers, oldest first. */
    public List<Life> lives() {
        return db.query(
                "read the workers' lives",
                DrillSql.LIVES,
                statement -> {},
                row -> new Life(
                        row.getString("incarnation"),
                        row.getString("worker"),
                        Optional.ofNullable(row.getObject("pid", Long.class)),
                        instant(row, "minted_at"),
                        Optional.ofNullable(Db.instant(row, "started_at")),
                        Optional.ofNullable(Db.instant(row, "fenced_at")),
                        Optional.ofNullable(row.getString("fenced_reason")),
                        Optional.ofNullable(row.getString("fenced_by"))));
    }

    /** All incidents, oldest first. */
    public List<Incident> incidents() {
        return db.query("read all incidents", DrillSql.INCIDENTS, statement -> {}, IncidentStore::incident);
    }

    /** Empty: nobody has led yet. */
    public Optional<Lease> lease() {
        return db.first(
                "read who leads",
                DrillSql.LEASE,
                statement -> {},
                row -> new Lease(row.getString("holder"), row.getLong("epoch"), row.getBoolean("fresh")));
    }

    /** Empty: there is no such incarnation. */
    public Optional<Writes> writes(String incarnation) {
        return db.first(
                "read what became of the writes of " + incarnation,
                DrillSql.WRITES,
                statement -> statement.setString(1, incarnation),
                row -> new Writes(row.getInt("rejected"), row.getInt("settled"), row.getInt("running")));
    }

    /** When the first run of an incarnation was taken over by others; empty while none was. */
    public Optional<Instant> adoptedFrom(String incarnation) {
        return db.first(
                "read when runs of " + incarnation + " were adopted",
                DrillSql.ADOPTED,
                statement -> statement.setString(1, incarnation),
                row -> Db.instant(row, "at"));
    }

    private static Instant instant(ResultSet row, String column) throws SQLException {
        return Objects.requireNonNull(Db.instant(row, column), column);
    }
}
