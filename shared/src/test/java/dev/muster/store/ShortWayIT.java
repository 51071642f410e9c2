package dev.muster.store;

import static dev.muster.store.OwnershipFixture.job;
import static org.assertj.core.api.Assertions.assertThat;

import dev.muster.embedded.junit.EmbeddedServers;
import dev.muster.embedded.junit.PostgresDatabase;
import dev.muster.job.Ordering;
import dev.muster.store.OwnershipFixture.Actor;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The short ways through {@code claim} and {@code settle} say and write what the long ones do: each of many random batches goes
 * both ways from the same state, in a transaction that is rolled back, before it is carried out.
 */
@ExtendWith(EmbeddedServers.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class ShortWayIT {
    private static final int STEPS = 50;
    /** Four of these are more than a group may have. */
    private static final String LONG = "\"" + "x".repeat(300_000) + "\"";

    /** No two statements give the same. */
    private static final Set<String> TOLD_APART = Set.of("key_position", "started_at");

    private final OwnershipFixture db;

    ShortWayIT(PostgresDatabase postgres) {
        this.db = new OwnershipFixture(postgres);
    }

    @AfterAll
    void close() {
        db.close();
    }

    @ParameterizedTest
    @ValueSource(longs = {2, 17, 19})
    void a_batch_comes_to_the_same_either_way(long seed) throws SQLException {
        Scene scene = new Scene(new Random(seed));
        for (int step = 0; step < STEPS; step++) {
            scene.step();
        }
        assertThat(List.of(
                        scene.shortClaims,
                        scene.shortSettles,
                        scene.started + scene.joined,
                        scene.waiting,
                        scene.closed))
                .as("short claims and settles, runs, waiters, closed")
                .allMatch(count -> count > 2);
    }

    /** Two workers that share a keyed queue, whose keys are found in all of its partitions; one has another queue as well. */
    private final class Scene {
        private final Random random;
        private final String keyed;
        private final String plain;
        private final List<Actor> actors = List.of(db.worker(), db.worker());
        private final List<List<PartitionEpoch>> partitions;
        private final Map<PartitionEpoch, Long> offsets = new HashMap<>();
        private int names;
        private int started;
        private int joined;
        private int waiting;
        private int closed;
        private boolean blockUsed;
        private int shortClaims;
        private int shortSettles;

        Scene(Random random) {
            this.random = random;
            Optional<Duration> window = random.nextBoolean() ? Optional.of(Duration.ofDays(1)) : Optional.empty();
            this.keyed = db.queue(Ordering.KEY, window);
            this.plain = db.queue(Ordering.NONE, window);
            this.partitions = List.of(
                    List.of(
                            new PartitionEpoch(keyed, 0, 1),
                            new PartitionEpoch(keyed, 1, 1),
                            new PartitionEpoch(plain, 0, 1)),
                    List.of(new PartitionEpoch(keyed, 2, 1)));
            for (int who = 0; who < actors.size(); who++) {
                partitions.get(who).forEach(actors.get(who)::takes);
            }
        }

        void step() throws SQLException {
            int who = random.nextInt(4) == 0 ? 1 : 0;
            switch (random.nextInt(8)) {
                case 0, 1, 2 -> claim(who);
                case 3, 4, 5 -> settle(who);
                case 6 -> trouble(who);
                default -> relief();
            }
            // So that what is written next can be told from what stood there.
            db.execute("UPDATE job_waiting SET due_at = now() + interval '1 hour' WHERE due_at <> 'infinity'");
        }

        private void claim(int who) throws SQLException {
            List<Claim.Span> spans = new ArrayList<>();
            List<Claim.Entry> entries = new ArrayList<>();
            for (PartitionEpoch partition : partitions.get(who)) {
                int count = random.nextInt(9);
                long from = offsets.getOrDefault(partition, 0L);
                for (int i = 0; i < count; i++) {
                    entries.add(entry(from + i).inSpan(spans.size()));
                }
                if (count > 0) {
                    spans.add(new Claim.Span(partition, from, from + count));
                    offsets.put(partition, from + count);
                }
            }
            if (entries.isEmpty()) {
                return;
            }
            Claim claim = new Claim(spans, entries);
            Map<String, Integer> groups = most();
            Actor actor = actors.get(who);

            String quickly = claim(actor, claim, groups, List.of());
            shortClaims += blockUsed ? 1 : 0;
            assertThat(quickly).isEqualTo(claim(actor, claim, groups, List.of("nothing")));

            for (Claim.Answer answer : actor.store().claim(claim, List.of(), groups)) {
                started += answer.verdict() == Claim.Verdict.STARTED ? 1 : 0;
                joined += answer.verdict() == Claim.Verdict.JOINED ? 1 : 0;
                waiting += answer.verdict() == Claim.Verdict.WAITING ? 1 : 0;
            }
        }

        private Claim.Entry entry(long offset) {
            boolean again = names > 0 && random.nextInt(40) == 0;
            String name = keyed + (again ? random.nextInt(names) : names++);
            String key = random.nextInt(8) == 0 ? null : "k" + random.nextInt(5);
            Claim.Entry entry = job(offset, name, key, random.nextInt(12) == 0 ? LONG : "{}");
            return random.nextInt(4) > 0 ? entry : slow(entry);
        }

        private Claim.Entry slow(Claim.Entry entry) {
            return new Claim.Entry(
                    entry.span(),
                    entry.offset(),
                    entry.id(),
                    entry.positionId(),
                    "slow",
                    entry.orderKey(),
                    entry.terms(),
                    entry.bytes(),
                    entry.payloadHash(),
                    entry.dead());
        }

        private Map<String, Integer> most() {
            return switch (random.nextInt(4)) {
                case 0 -> Map.of();
                case 1 -> Map.of("test", 2 + random.nextInt(4));
                default -> Map.of("test", 2 + random.nextInt(4), "slow", 2);
            };
        }

        /** A type is shut that no job is of: such a claim is looked at record by record. */
        private String claim(Actor actor, Claim claim, Map<String, Integer> groups, List<String> shut)
                throws SQLException {
            return tried(
                    OwnershipSql.CLAIM,
                    claim.entries().size(),
                    statement -> ClaimBinding.bind(statement, actor.me(), claim, shut, groups));
        }

        private void settle(int who) throws SQLException {
            Actor actor = actors.get(who);
            List<Outcome> outcomes = new ArrayList<>();
            for (RunKey run : actor.store().census()) {
                if (random.nextInt(3) > 0) {
                    int attempt = run.attempt() + (random.nextInt(60) == 0 ? 1 : 0);
                    String result = random.nextBoolean() ? "fine" : "";
                    outcomes.add(OwnershipFixture.succeeded(run.id(), attempt, result, Optional.empty()));
                }
            }
            if (outcomes.isEmpty()) {
                return;
            }
            Groups groups = new Groups(
                    outcomes.size() > 1 || random.nextBoolean(), // of one key there may be several
                    most());
            List<PartitionEpoch> owned = partitions.get(who).stream()
                    .filter(p -> p.queue().equals(keyed) && random.nextInt(10) > 0)
                    .toList();

            assertThat(settle(actor, outcomes, owned, groups, false))
                    .isEqualTo(settle(actor, outcomes, owned, groups, true));
            shortSettles += !owned.isEmpty() && closesAll(actor, outcomes, groups) ? 1 : 0;

            closed += (int) actor.store().settle(outcomes, owned, List.of(), groups).stream()
                    .filter(Settled.Done.class::isInstance)
                    .count();
        }

        /** A settle that says of each that it has succeeded looks at each. */
        private String settle(
                Actor actor, List<Outcome> outcomes, List<PartitionEpoch> owned, Groups groups, boolean each)
                throws SQLException {
            return tried(OwnershipSql.SETTLE, outcomes.size(), statement -> {
                SettleBinding.bind(statement, actor.me(), outcomes, owned, List.of(), groups);
                if (each) {
                    statement.setArray(4, Columns.of(statement, "text", outcomes, _ -> "succeeded"));
                }
            });
        }

        private boolean closesAll(Actor actor, List<Outcome> outcomes, Groups groups) throws SQLException {
            try (Connection connection = db.connect();
                    PreparedStatement statement =
                            connection.prepareStatement("SELECT settle_plain(?, ?, ?, '{}', '{}', true, ?) IS NULL")) {
                connection.setAutoCommit(false);
                statement.setString(1, actor.me().id());
                statement.setArray(2, Columns.of(statement, "uuid", outcomes, o -> o.id().value()));
                statement.setArray(3, Columns.of(statement, "integer", outcomes, Outcome::attempt));
                statement.setBoolean(4, groups.any());
                try (ResultSet row = statement.executeQuery()) {
                    row.next();
                    return row.getBoolean(1);
                } finally {
                    connection.rollback();
                }
            }
        }

        private void trouble(int who) {
            List<RunKey> runs = actors.get(who).store().census();
            String key = "k" + random.nextInt(5);
            switch (random.nextInt(3)) {
                case 0 ->
                    db.execute("INSERT INTO key_hold (queue, order_key, partition, key_position, job_id, type, seq)"
                            + " VALUES ('" + keyed + "', '" + key + "', 0, 0, gen_random_uuid(), 'test', "
                            + -random.nextLong(1, Long.MAX_VALUE) + ") ON CONFLICT DO NOTHING");
                case 1 ->
                    runs.stream()
                            .findAny()
                            .ifPresent(run -> actors.get(who)
                                    .ends(
                                            run.id(),
                                            run.attempt(),
                                            Outcome.Verdict.RETRIED,
                                            Duration.ofHours(1),
                                            List.of()));
                default ->
                    actors.get(who)
                            .store()
                            .putBack(runs.stream()
                                    .filter(run -> run.queue().equals(keyed) && random.nextInt(3) == 0)
                                    .toList());
            }
        }

        private void relief() {
            db.execute("UPDATE queue SET paused = " + (random.nextInt(4) == 0) + " WHERE name = '" + keyed + "'");
            db.execute("DELETE FROM key_hold WHERE queue = '" + keyed + "'");
            db.execute("DELETE FROM suspect");
            if (random.nextInt(3) == 0) {
                db.execute(
                        "INSERT INTO suspect (job_id, pool, attempt, standing, deaths, weight, company, died, ending)"
                                + " SELECT job_id, 'default', attempt, 'noted', 1, 0, 0, '{}', 'test' FROM job_running"
                                + " WHERE queue = '" + keyed + "' LIMIT 1");
            }
        }

        private interface Binding {
            void bind(PreparedStatement statement) throws SQLException;
        }

        /** What the statement answers, and what there is after it, as text; nothing of it stays. */
        private String tried(String sql, int all, Binding binding) throws SQLException {
            try (Connection connection = db.connect();
                    PreparedStatement statement = connection.prepareStatement(sql)) {
                connection.setAutoCommit(false);
                binding.bind(statement);
                List<String> lines = new ArrayList<>();
                try (ResultSet rows = statement.executeQuery()) {
                    while (rows.next()) {
                        lines.addAll(answer(rows, all));
                    }
                }
                lines.sort(String::compareTo);
                blockUsed = isBlockUsed(connection);
                lines.add(state(connection));
                connection.rollback();
                return String.join("\n", lines);
            }
        }

        private List<String> answer(ResultSet rows, int all) throws SQLException {
            StringBuilder cells = new StringBuilder();
            for (int i = 1; i <= rows.getMetaData().getColumnCount(); i++) {
                String name = rows.getMetaData().getColumnName(i);
                boolean meaningless = name.equals("behind") && !"joined".equals(rows.getString("verdict"));
                if (!TOLD_APART.contains(name) && !meaningless) {
                    cells.append(' ').append(name).append('=').append(abbreviated(rows.getString(i)));
                }
            }
            if (cells.toString().startsWith(" ix=0 ")) { // all of them
                String each = cells.substring(" ix=0".length());
                return IntStream.rangeClosed(1, all)
                        .mapToObj(ix -> " ix=" + ix + each)
                        .toList();
            }
            return List.of(cells.toString());
        }

        /** Only the short way of a claim writes within a block of its own, and so under another id of its transaction. */
        private boolean isBlockUsed(Connection connection) throws SQLException {
            try (Statement statement = connection.createStatement();
                    ResultSet row = statement.executeQuery("SELECT EXISTS (SELECT FROM job_running r WHERE r.queue = '"
                            + keyed + "' AND r.claimed_at = now() AND r.xmin <> pg_current_xact_id()::xid)")) {
                row.next();
                return row.getBoolean(1);
            }
        }

        private static String abbreviated(@Nullable String cell) {
            return cell == null || cell.length() < 100 ? "" + cell : cell.substring(0, 50) + cell.hashCode();
        }

        private String state(Connection connection) throws SQLException {
            List<String> lines = new ArrayList<>();
            try (Statement statement = connection.createStatement();
                    ResultSet rows =
                            statement.executeQuery(STATE.replace("$1", keyed).replace("$2", plain))) {
                while (rows.next()) {
                    lines.add(rows.getString(1));
                }
            }
            return String.join("\n", lines);
        }
    }

    /** Places in a key are told by their order, and times by what kind of time it is. */
    private static final String STATE = """
            WITH unfinished AS (
                SELECT job_id, queue, order_key, key_position FROM job_running
                UNION ALL SELECT job_id, queue, order_key, key_position FROM job_waiting),
            place AS (
                SELECT job_id, row_number() OVER (PARTITION BY queue, order_key ORDER BY key_position) AS nth
                FROM unfinished WHERE key_position IS NOT NULL)
            SELECT concat_ws(' ', 'running', r.job_id, r.queue, r.partition, r.record_offset, r.incarnation, r.attempt,
                r.order_key, p.nth, r.failures, r.submitted_at, md5(r.payload), r.type) AS line
            FROM job_running r LEFT JOIN place p USING (job_id) WHERE r.queue IN ('$1', '$2')
            UNION ALL
            SELECT concat_ws(' ', 'waiting', w.job_id, w.queue, w.partition, w.record_offset, w.attempt, w.order_key, p.nth,
                w.state, w.reason, w.failures, w.submitted_at, md5(w.payload), w.type,
                CASE WHEN w.due_at = 'infinity' THEN 'never' WHEN w.due_at > now() + interval '30 minutes' THEN 'as before'
                    WHEN w.due_at > now() + interval '2 s' THEN 'late' WHEN w.due_at > now() THEN 'soon' ELSE 'now' END)
            FROM job_waiting w LEFT JOIN place p USING (job_id) WHERE w.queue IN ('$1', '$2')
            UNION ALL
            SELECT concat_ws(' ', 'over', h.job_id, h.queue, h.partition, h.record_offset, h.attempt, h.order_key, h.state,
                h.reason, h.result, h.incarnation,
                CASE WHEN h.order_key IS NOT NULL AND h.key_position > (SELECT min(e.key_position) FROM job_history e
                    WHERE e.queue = h.queue AND e.order_key = h.order_key AND e.xid = h.xid AND e.seq > h.seq)
                    THEN 'told too soon' END)
            FROM job_history h WHERE h.queue IN ('$1', '$2')
            UNION ALL
            SELECT concat_ws(' ', 'identity', i.job_id, i.queue, i.partition, i.record_offset, encode(i.payload_hash, 'hex'))
            FROM job_identity i WHERE i.queue IN ('$1', '$2')
            UNION ALL
            SELECT concat_ws(' ', 'duplicate', d.job_id, d.queue, d.partition, d.record_offset)
            FROM duplicate_submission d WHERE d.queue IN ('$1', '$2')
            UNION ALL
            SELECT concat_ws(' ', 'refused', w.job_id, w.incarnation, count(*)) FROM rejected_write w
            GROUP BY w.job_id, w.incarnation
            ORDER BY line""";
}
