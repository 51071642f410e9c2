package dev.muster.store;

import dev.muster.explain.JobFacts;
import dev.muster.explain.JobFacts.Ahead;
import dev.muster.explain.JobFacts.Hold;
import dev.muster.explain.JobFacts.Place;
import dev.muster.explain.JobFacts.Standing;
import dev.muster.explain.JobFacts.Turn;
import dev.muster.explain.JobFacts.Wish;
import dev.muster.job.JobId;
import dev.muster.job.JobState;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.Optional;
import java.util.UUID;

/** Gathers what is to be known of a job that isn't running. For people. Thread-safe. */
public final class ExplainStore {
    private final Db db;

    public ExplainStore(Database database) {
        this.db = new Db(database);
    }

    /** What Postgres knows of a job; {@link Standing.Nowhere}, with nothing searched, where that is nothing. */
    public JobFacts facts(JobId id) {
        return db.first(
                        "gather what is known of job " + id,
                        ExplainSql.FACTS,
                        statement -> {
                            for (int i = 1; i <= 5; i++) {
                                statement.setObject(i, id.value());
                            }
                        },
                        row -> new JobFacts(
                                new JobId(row.getObject("job_id", UUID.class)),
                                at(row, "now"),
                                standing(row),
                                place(row),
                                wish(row)))
                .orElseGet(() -> unseen(id));
    }

    private JobFacts unseen(JobId id) {
        return db.first(
                        "look for a wish about job " + id,
                        ExplainSql.UNSEEN,
                        statement -> statement.setObject(1, id.value()),
                        row -> new JobFacts(
                                id, at(row, "now"), new Standing.Nowhere(0, false), Optional.empty(), wish(row)))
                .orElseThrow();
    }

    private static Standing standing(ResultSet row) throws SQLException {
        Optional<String> reason = Optional.ofNullable(row.getString("reason"));
        return switch (row.getString("place")) {
            case "running" ->
                new Standing.Runs(
                        row.getString("incarnation"),
                        row.getBoolean("is_fenced"),
                        row.getInt("attempt"),
                        at(row, "at"));
            case "waiting" ->
                new Standing.Waits(
                        JobState.parse(row.getString("state")),
                        time(row, "due_at"),
                        reason,
                        time(row, "deadline"),
                        hold(row),
                        ahead(row),
                        turn(row));
            case "outbox" -> new Standing.InOutbox(row.getString("queue"), at(row, "at"), reason);
            case "history" ->
                new Standing.Over(
                        JobState.parse(row.getString("state")),
                        reason,
                        Optional.ofNullable(row.getString("detail")),
                        at(row, "at"));
            default -> throw new SQLException("a job stands where nobody knows");
        };
    }

    private static Optional<Place> place(ResultSet row) throws SQLException {
        String place = row.getString("place");
        return place.equals("running") || place.equals("waiting")
                ? Optional.of(new Place(
                        row.getString("queue"),
                        row.getBoolean("paused"),
                        row.getString("pool"),
                        row.getInt("partition"),
                        Optional.ofNullable(row.getString("owner")),
                        row.getBoolean("owner_lives")))
                : Optional.empty();
    }

    private static Optional<Hold> hold(ResultSet row) throws SQLException {
        UUID dead = row.getObject("held_for", UUID.class);
        return dead == null
                ? Optional.empty()
                : Optional.of(new Hold(
                        row.getString("queue"),
                        row.getString("order_key"),
                        new JobId(dead),
                        row.getString("held_type"),
                        at(row, "held_at")));
    }

    private static Optional<Ahead> ahead(ResultSet row) throws SQLException {
        UUID first = row.getObject("ahead", UUID.class);
        return first == null
                ? Optional.empty()
                : Optional.of(new Ahead(
                        row.getString("order_key"),
                        row.getLong("jobs_ahead"),
                        new JobId(first),
                        Optional.ofNullable(row.getString("ahead_runs_as")),
                        Optional.ofNullable(row.getString("ahead_reason"))));
    }

    private static Optional<Turn> turn(ResultSet row) throws SQLException {
        String key = row.getString("limit_key");
        Integer max = row.getObject("limit_max", Integer.class);
        return key == null || max == null
                ? Optional.empty()
                : Optional.of(new Turn(key, row.getLong("limit_nth"), max, row.getLong("limit_running")));
    }

    private static Optional<Wish> wish(ResultSet row) throws SQLException {
        String by = row.getString("wished_by");
        return by == null ? Optional.empty() : Optional.of(new Wish(by, at(row, "wished_at")));
    }

    private static Optional<Instant> time(ResultSet row, String column) throws SQLException {
        return Optional.ofNullable(Db.instant(row, column));
    }

    /** A column that is not null. */
    private static Instant at(ResultSet row, String column) throws SQLException {
        return row.getObject(column, OffsetDateTime.class).toInstant();
    }
}
