package dev.muster.store;

import dev.muster.job.JobId;
import dev.muster.protocol.ScheduledSubmission;
import dev.muster.protocol.Submission;
import dev.muster.schedule.Firings;
import dev.muster.schedule.Missed;
import dev.muster.schedule.Schedule;
import dev.muster.schedule.Timing;
import java.math.BigDecimal;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Types;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/** The schedules there are, and their firing. Thread-safe. */
public final class ScheduleStore {
    private final Db db;

    public ScheduleStore(Database database) {
        this.db = new Db(database);
    }

    /**
     * A schedule that is due.
     *
     * @param partitions of its queue
     * @param now Postgres' clock when it was read
     */
    public record Due(Schedule schedule, int partitions, Instant now) {}

    /** What is to be written about one that is due. */
    public record Fire(Due due, Firings firings) {}

    /**
     * A firing that was made.
     *
     * @param time on the schedule
     * @param firedAt when its job came to be, by Postgres' clock
     */
    public record Fired(Instant time, JobId jobId, Instant firedAt) {}

    /** Postgres' clock, which decides what is due. */
    public Instant now() {
        return db.first(
                        "read the clock",
                        ScheduleSql.NOW,
                        statement -> {},
                        row -> row.getObject("now", OffsetDateTime.class).toInstant())
                .orElseThrow();
    }

    /**
     * Makes a schedule.
     *
     * @param nextFireAt its first time
     * @return false where one of that name exists; it stays as it is
     * @throws StoreException if Postgres can't, or its queue does not exist
     */
    public boolean create(String name, Timing timing, Schedule.Template job, Instant nextFireAt) {
        return db.update("create schedule " + name, ScheduleSql.CREATE, statement -> {
                    statement.setString(1, name);
                    statement.setString(2, job.queue());
                    statement.setString(3, job.type());
                    statement.setString(4, job.key().orElse(null));
                    statement.setBytes(5, job.data());
                    statement.setObject(6, job.terms().maxAttempts().orElse(null), Types.INTEGER);
                    statement.setObject(
                            7,
                            job.terms()
                                    .deadlineAfter()
                                    .map(after -> after.toMillis() / 1000.0)
                                    .orElse(null),
                            Types.DOUBLE);
                    statement.setString(8, timing.cron());
                    statement.setString(9, timing.zone());
                    statement.setString(10, timing.missed().wireName());
                    statement.setObject(11, Db.timestamp(nextFireAt));
                })
                == 1;
    }

    /** Schedules by name, at most {@code limit}. */
    public List<Schedule> list(int limit) {
        return db.query(
                "list schedules", ScheduleSql.LIST, statement -> statement.setInt(1, limit), ScheduleStore::schedule);
    }

    public Optional<Schedule> find(String name) {
        return db.first(
                "find schedule " + name,
                ScheduleSql.FIND,
                statement -> statement.setString(1, name),
                ScheduleStore::schedule);
    }

    /** Its last firings, the latest first; they are kept for 30 days. */
    public List<Fired> firings(String name, int limit) {
        return db.query(
                "read the firings of schedule " + name,
                ScheduleSql.FIRINGS,
                statement -> {
                    statement.setString(1, name);
                    statement.setInt(2, limit);
                },
                row -> new Fired(
                        time(row, "fire_at"), new JobId(row.getObject("job_id", UUID.class)), time(row, "fired_at")));
    }

    /**
     * Pauses a schedule, or lets it go on; its policy then decides about the times that have passed.
     *
     * @return false where there is no such schedule
     */
    public boolean pause(String name, boolean paused) {
        return db.update((paused ? "pause schedule " : "resume schedule ") + name, ScheduleSql.PAUSE, statement -> {
                    statement.setBoolean(1, paused);
                    statement.setString(2, name);
                })
                == 1;
    }

    /**
     * Deletes a schedule. The jobs that it has made stay.
     *
     * @return false where there is no such schedule
     */
    public boolean delete(String name) {
        return db.update("delete schedule " + name, ScheduleSql.DELETE, statement -> statement.setString(1, name)) == 1;
    }

    /** The schedules that are due, the latest first, at most {@code limit}. */
    public List<Due> due(int limit) {
        return db.query(
                "look for due schedules",
                ScheduleSql.DUE,
                statement -> statement.setInt(1, limit),
                row -> new Due(schedule(row), row.getInt("partitions"), time(row, "now")));
    }

    /**
     * Writes firings down: jobs, record and next time, all or nothing for each schedule. Said again it changes nothing.
     *
     * @param epoch the leader's
     * @return those that were written; the others have changed meanwhile, or the epoch is not the leader's any more
     */
    public List<Fire> fire(long epoch, List<Fire> wishes) {
        return db
                .query(
                        "fire " + wishes.size() + " schedules",
                        ScheduleSql.FIRE,
                        statement -> bind(statement, epoch, wishes),
                        row -> row.getInt("ix"))
                .stream()
                .map(ix -> wishes.get(ix - 1))
                .toList();
    }

    /** A job that is to be made; {@code schedule} counts from 1, as SQL does. */
    private record Firing(int schedule, Instant time, Submission job, int partition) {}

    private static List<Firing> flat(List<Fire> wishes) {
        List<Firing> flat = new ArrayList<>();
        for (int i = 0; i < wishes.size(); i++) {
            Due due = wishes.get(i).due();
            for (Instant time : wishes.get(i).firings().times()) {
                Submission job = ScheduledSubmission.at(due.schedule(), time);
                flat.add(new Firing(i + 1, time, job, job.partition(due.partitions())));
            }
        }
        return flat;
    }

    private static void bind(PreparedStatement statement, long epoch, List<Fire> wishes) throws SQLException {
        List<Schedule> schedules = wishes.stream().map(w -> w.due().schedule()).toList();
        List<Firing> flat = flat(wishes);
        statement.setLong(1, epoch);
        statement.setArray(2, Columns.of(statement, "text", schedules, Schedule::name));
        statement.setArray(
                3,
                Columns.of(
                        statement,
                        "timestamptz",
                        schedules,
                        s -> Db.timestamp(s.standing().nextFireAt())));
        statement.setArray(
                4,
                Columns.of(
                        statement,
                        "timestamptz",
                        schedules,
                        s -> Db.timestamp(s.standing().revision())));
        statement.setArray(
                5,
                Columns.of(
                        statement,
                        "timestamptz",
                        wishes,
                        w -> Db.timestamp(w.firings().next())));
        statement.setArray(6, Columns.of(statement, "integer", flat, Firing::schedule));
        statement.setArray(7, Columns.of(statement, "timestamptz", flat, f -> Db.timestamp(f.time())));
        statement.setArray(
                8, Columns.of(statement, "uuid", flat, f -> f.job().jobId().value()));
        statement.setArray(9, Columns.of(statement, "integer", flat, Firing::partition));
        byte[][] headers =
                flat.stream().map(f -> ScheduledSubmission.headers(f.job())).toArray(byte[][]::new);
        statement.setArray(10, Db.array(statement, "bytea", headers));
    }

    private static Schedule schedule(ResultSet row) throws SQLException {
        BigDecimal deadline = row.getBigDecimal("deadline_seconds");
        return new Schedule(
                row.getString("name"),
                new Timing(row.getString("cron"), row.getString("zone"), Missed.parse(row.getString("missed"))),
                new Schedule.Template(
                        row.getString("queue"),
                        row.getString("type"),
                        Optional.ofNullable(row.getString("job_key")),
                        row.getBytes("payload"),
                        new Schedule.Terms(
                                Optional.ofNullable(row.getObject("max_attempts", Integer.class)),
                                Optional.ofNullable(deadline)
                                        .map(seconds -> Duration.ofMillis(
                                                seconds.movePointRight(3).longValue())))),
                new Schedule.Standing(
                        time(row, "next_fire_at"),
                        row.getBoolean("paused"),
                        time(row, "created_at"),
                        time(row, "updated_at")));
    }

    /** A column that is never null. */
    private static Instant time(ResultSet row, String column) throws SQLException {
        return row.getObject(column, OffsetDateTime.class).toInstant();
    }
}
