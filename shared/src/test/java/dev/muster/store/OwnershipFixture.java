package dev.muster.store;

import dev.muster.config.Settings;
import dev.muster.embedded.junit.PostgresDatabase;
import dev.muster.fleet.Incarnation;
import dev.muster.job.JobId;
import dev.muster.job.Ordering;
import dev.muster.job.Queue;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;

/** A migrated database, and workers that speak to it as lanes do. */
final class OwnershipFixture implements AutoCloseable {
    static final UUID TOPIC = UUID.fromString("11111111-1111-4111-8111-111111111111");

    private final Settings settings;
    private final PostgresDatabase postgres;
    private final Database database;
    private final List<Actor> actors = new ArrayList<>();
    private int workers;

    OwnershipFixture(PostgresDatabase postgres) {
        this.postgres = postgres;
        this.settings = Settings.of(Map.of(
                "muster.postgres.url", postgres.jdbcUrl(),
                "muster.postgres.user", postgres.user(),
                "muster.postgres.password", postgres.password()));
        Migrations.migrate(settings);
        this.database = Database.open(settings, "fixture", 4, Optional.empty());
    }

    Database database() {
        return database;
    }

    /** A queue of its own for each test, so that they don't meet. */
    String queue(Ordering ordering, Optional<Duration> window) {
        String name = "q" + UUID.randomUUID().toString().substring(0, 8);
        new QueueStore(database).create(new Queue(name, ordering, "default", 4, window, false));
        return name;
    }

    /** A live worker. */
    Actor worker() {
        IncarnationStore incarnations = new IncarnationStore(database);
        Incarnation me = incarnations
                .mint("w" + UUID.randomUUID().toString().substring(0, 8) + "-" + workers++, "default", "here")
                .orElseThrow();
        Database own = Database.open(settings, me.id(), 2, Optional.empty());
        Actor actor = new Actor(me, own, new OwnershipStore(own, me));
        actors.add(actor);
        return actor;
    }

    /** Fenced by itself, which a leader's lease does not stand against. */
    void fence(Actor actor) {
        new IncarnationStore(database).fence(actor.me(), "test", actor.me());
    }

    long count(String sql) {
        try (Connection connection = connect();
                Statement statement = connection.createStatement();
                var rows = statement.executeQuery(sql)) {
            rows.next();
            return rows.getLong(1);
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    void execute(String sql) {
        try (Connection connection = connect();
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    Connection connect() throws SQLException {
        Connection connection = postgres.connect();
        connection.setSchema(Migrations.SCHEMA);
        return connection;
    }

    @Override
    public void close() {
        actors.forEach(actor -> actor.database().close());
        database.close();
    }

    /** A worker's incarnation and its way to the store. */
    record Actor(Incarnation me, Database database, OwnershipStore store) {

        TakeOver.Answer takes(PartitionEpoch partition) {
            return takes(partition, TOPIC);
        }

        TakeOver.Answer takes(PartitionEpoch partition, UUID topicId) {
            return store.takeOver(List.of(new TakeOver(partition, topicId))).getFirst();
        }

        Optional<Duration> nextDue(PartitionEpoch partition) {
            return Optional.ofNullable(store.nextDue(List.of(partition)).get(partition.queue()));
        }

        List<Claim.Verdict> claims(PartitionEpoch partition, long from, Claim.Entry... entries) {
            return claims(partition, from, Map.of(), entries);
        }

        List<Claim.Verdict> claims(
                PartitionEpoch partition, long from, Map<String, Integer> groups, Claim.Entry... entries) {
            long to = entries[entries.length - 1].offset() + 1;
            Claim claim = new Claim(List.of(new Claim.Span(partition, from, to)), List.of(entries));
            return store.claim(claim, List.of(), groups).stream()
                    .map(Claim.Answer::verdict)
                    .toList();
        }

        List<Settled> succeeds(JobId id, int attempt, PartitionEpoch... keyed) {
            return ends(id, attempt, Outcome.Verdict.SUCCEEDED, Duration.ZERO, List.of(), keyed);
        }

        List<Settled> ends(
                JobId id,
                int attempt,
                Outcome.Verdict verdict,
                Duration delay,
                List<String> closed,
                PartitionEpoch... keyed) {
            Outcome outcome = new Outcome(id, attempt, verdict, "", "", "", delay, Optional.empty(), closed);
            return store.settle(List.of(outcome), List.of(keyed), List.of(), Groups.NONE);
        }
    }

    static Claim.Entry job(long offset, String name) {
        return job(offset, name, null, "{}");
    }

    static Claim.Entry keyed(long offset, String name, String key) {
        return job(offset, name, key, "{}");
    }

    /** Of the jobs with this unique key one is unfinished at a time. */
    static Claim.Entry unique(long offset, String name, String uniqueKey) {
        return with(job(offset, name), terms(Optional.of(uniqueKey), Optional.empty()));
    }

    /** Of the jobs with this limit key no more run at once than its limit says. */
    static Claim.Entry limited(long offset, String name, String limitKey) {
        return with(job(offset, name), terms(Optional.empty(), Optional.of(limitKey)));
    }

    static Claim.Entry limitedAndKeyed(long offset, String name, String key, String limitKey) {
        return with(keyed(offset, name, key), terms(Optional.empty(), Optional.of(limitKey)));
    }

    private static Claim.Terms terms(Optional<String> uniqueKey, Optional<String> limitKey) {
        return new Claim.Terms(
                Optional.empty(), Optional.empty(), Optional.empty(), uniqueKey, limitKey, Instant.EPOCH);
    }

    private static Claim.Entry with(Claim.Entry plain, Claim.Terms terms) {
        return new Claim.Entry(
                plain.span(),
                plain.offset(),
                plain.id(),
                plain.positionId(),
                plain.type(),
                plain.orderKey(),
                terms,
                plain.bytes(),
                plain.payloadHash(),
                plain.dead());
    }

    static Claim.Entry job(long offset, String name, @org.jspecify.annotations.Nullable String key, String payload) {
        byte[] bytes = payload.getBytes(StandardCharsets.UTF_8);
        return new Claim.Entry(
                0,
                offset,
                id(name),
                JobId.atPosition(TOPIC, 0, offset, 0),
                "test",
                Optional.ofNullable(key),
                terms(Optional.empty(), Optional.empty()),
                new RunningJob.Bytes(null, bytes, null),
                bytes,
                Optional.empty());
    }

    /** A run that has succeeded, of which nothing is said but its result. */
    static Outcome succeeded(JobId id, int attempt, String result, Optional<Instant> enteredAt) {
        return new Outcome(id, attempt, Outcome.Verdict.SUCCEEDED, "", "", result, Duration.ZERO, enteredAt, List.of());
    }

    static JobId id(String name) {
        return JobId.of("test", name);
    }
}
