package dev.muster.store;

import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The history of supervision in Postgres: what started, ended and escalated under which supervisor. Append-only.
 * Thread-safe.
 */
public final class SupervisionStore {
    /** No list is longer. */
    public static final int MAX_LIMIT = 1_000;

    private final Db db;

    public SupervisionStore(Database database) {
        this.db = new Db(database);
    }

    /** What happened. */
    public enum Kind {
        /** A child is in service; after an end it is a restart. */
        STARTED,
        /** A child could not be started. */
        START_FAILED,
        /** A child has ended by itself. */
        EXITED,
        /** A child has ended since its supervisor wanted it to. */
        STOPPED,
        /** One restart too many: the supervisor ends, and the one above it decides. */
        ESCALATED,
        /** A supervisor has ended. */
        ENDED;

        public String wireName() {
            return name().toLowerCase(Locale.ROOT);
        }

        static Kind parse(String name) {
            return valueOf(name.toUpperCase(Locale.ROOT));
        }
    }

    /**
     * Whom it happened to.
     *
     * @param path of the supervisor, such as {@code local/servers}
     * @param child empty: the supervisor itself
     * @param incarnation which of the child's lives
     */
    public record Subject(String path, Optional<String> child, Optional<String> incarnation) {}

    /**
     * Why it ended.
     *
     * @param reason a word: {@code normal}, {@code shutdown}, {@code killed}, {@code crash}, ...
     * @param detail what the word leaves open
     */
    public record Why(Optional<String> reason, Optional<String> detail) {
        static final Why NONE = new Why(Optional.empty(), Optional.empty());
    }

    /**
     * An event.
     *
     * @param at by the clock of the process that it happened in
     * @param origin that process
     * @param took of a start: from the wish to it; of an end: how long it was in service
     */
    public record Happened(Instant at, String origin, Subject subject, Kind kind, Why why, Optional<Duration> took) {}

    /** An event with the number that its writer gave it, by which it is known again. */
    record Numbered(long number, Happened event) {}

    /**
     * Which events a list shows; what is empty restricts nothing.
     *
     * @param path how the path of the supervisor begins
     * @param limit how many at most, 1 to 1000
     */
    public record Filter(Optional<String> path, Optional<String> child, int limit) {
        public Filter {
            if (limit < 1 || limit > MAX_LIMIT) {
                throw new IllegalArgumentException("limit is not between 1 and " + MAX_LIMIT + ": " + limit);
            }
        }

        /** The newest events of all supervisors. */
        public static Filter newest(int limit) {
            return new Filter(Optional.empty(), Optional.empty(), limit);
        }
    }

    /**
     * Those that were written last, newest first.
     *
     * @throws StoreException if Postgres can't
     */
    public List<Happened> recent(Filter filter) {
        return db.query(
                "read the history of supervision",
                SupervisionSql.RECENT,
                statement -> {
                    statement.setString(1, filter.path().orElse(null));
                    statement.setString(2, filter.path().orElse(null));
                    statement.setString(3, filter.child().orElse(null));
                    statement.setString(4, filter.child().orElse(null));
                    statement.setInt(5, filter.limit());
                },
                SupervisionStore::happened);
    }

    /** Appends events; those that are there already stay as they are. All of one origin. */
    void append(UUID writer, String origin, List<Numbered> events) {
        db.update("record " + events.size() + " events of supervision", SupervisionSql.APPEND, statement -> {
            statement.setObject(1, writer);
            statement.setString(2, clean(origin));
            column(statement, 3, "bigint", events, Numbered::number);
            column(
                    statement,
                    4,
                    "timestamptz",
                    events,
                    e -> Db.timestamp(e.event().at()));
            column(statement, 5, "text", events, e -> clean(e.event().subject().path()));
            column(statement, 6, "text", events, e -> clean(e.event().subject().child()));
            column(statement, 7, "text", events, e -> clean(e.event().subject().incarnation()));
            column(statement, 8, "text", events, e -> e.event().kind().wireName());
            column(statement, 9, "text", events, e -> clean(e.event().why().reason()));
            column(
                    statement,
                    10,
                    "bigint",
                    events,
                    e -> e.event().took().map(Duration::toMillis).orElse(null));
            column(statement, 11, "text", events, e -> clean(e.event().why().detail()));
        });
    }

    private static void column(
            PreparedStatement statement,
            int index,
            String type,
            List<Numbered> events,
            Function<Numbered, @Nullable Object> value)
            throws SQLException {
        statement.setArray(index, Columns.of(statement, type, events, value));
    }

    private static @Nullable String clean(Optional<String> text) {
        return text.map(SupervisionStore::clean).orElse(null);
    }

    /** Postgres' text takes no zero character, which the message of a crash may have. */
    private static String clean(String text) {
        return text.replace('\0', '\ufffd');
    }

    private static Happened happened(ResultSet row) throws SQLException {
        return new Happened(
                Objects.requireNonNull(Db.instant(row, "at"), "at"),
                row.getString("origin"),
                new Subject(row.getString("path"), text(row, "child"), text(row, "incarnation")),
                Kind.parse(row.getString("kind")),
                new Why(text(row, "reason"), text(row, "detail")),
                Optional.ofNullable(row.getObject("duration_ms", Long.class)).map(Duration::ofMillis));
    }

    private static Optional<String> text(ResultSet row, String column) throws SQLException {
        return Optional.ofNullable(row.getString(column));
    }
}
