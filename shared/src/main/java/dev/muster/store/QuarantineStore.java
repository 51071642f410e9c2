package dev.muster.store;

import dev.muster.fleet.Incarnation;
import dev.muster.job.JobId;
import dev.muster.store.FleetStore.FenceVerdict;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.UUID;

/** Jobs that may have killed their worker, as the leading coordinator sees them. Throws {@link StoreException}. Thread-safe. */
public final class QuarantineStore {
    private final Db db;

    public QuarantineStore(Database database) {
        this.db = new Db(database);
    }

    /** The jobs whose rows name this incarnation, with what was said of them before. */
    public List<Suspicion.InFlight> inFlight(Incarnation incarnation) {
        return db.query(
                "read what " + incarnation + " ran",
                QuarantineSql.IN_FLIGHT,
                statement -> statement.setString(1, incarnation.id()),
                QuarantineStore::inFlight);
    }

    private static Suspicion.InFlight inFlight(ResultSet row) throws SQLException {
        String standing = row.getString("standing");
        return new Suspicion.InFlight(
                new JobId(row.getObject("job_id", UUID.class)),
                row.getInt("attempt"),
                row.getString("queue"),
                row.getString("type"),
                row.getBoolean("entered"),
                standing == null
                        ? Optional.empty()
                        : Optional.of(new Suspicion(
                                Suspicion.Standing.parse(standing),
                                row.getInt("deaths"),
                                row.getInt("weight"),
                                row.getInt("company"))),
                Optional.ofNullable(row.getString("lend_to")).map(Incarnation::new));
    }

    /**
     * Fences as {@link FleetStore#fence} does, under the leader's epoch, and with it writes down what the death says of
     * the jobs in flight: both or neither. Nothing is written when somebody else has fenced it before.
     *
     * @throws StoreException with code CONTENDED when somebody holds a lock of it for more than 200 ms
     */
    public FenceVerdict fence(
            Incarnation incarnation, String reason, String by, long epoch, Suspicion.Judgement judgement) {
        List<Suspicion.Judged> jobs = judgement.jobs();
        return db.first(
                        "fence " + incarnation + " and judge its jobs",
                        QuarantineSql.FENCE_DEATH,
                        statement -> {
                            statement.setString(1, incarnation.id());
                            statement.setString(2, reason);
                            statement.setString(3, by);
                            statement.setLong(4, epoch);
                            statement.setString(5, judgement.pool());
                            statement.setString(6, judgement.ending().replace('\0', '\ufffd'));
                            statement.setArray(7, Columns.of(statement, "uuid", jobs, j -> j.id().value()));
                            statement.setArray(8, Columns.of(statement, "integer", jobs, Suspicion.Judged::attempt));
                            statement.setArray(
                                    9,
                                    Columns.of(
                                            statement,
                                            "text",
                                            jobs,
                                            j -> j.suspicion().standing().wireName()));
                            statement.setArray(
                                    10,
                                    Columns.of(
                                            statement,
                                            "integer",
                                            jobs,
                                            j -> j.suspicion().deaths()));
                            statement.setArray(
                                    11,
                                    Columns.of(
                                            statement,
                                            "integer",
                                            jobs,
                                            j -> j.suspicion().weight()));
                            statement.setArray(
                                    12,
                                    Columns.of(
                                            statement,
                                            "integer",
                                            jobs,
                                            j -> j.suspicion().company()));
                            statement.setArray(
                                    13,
                                    Columns.of(
                                            statement,
                                            "text",
                                            jobs,
                                            j -> j.summary()
                                                    .map(text -> text.replace('\0', '\ufffd'))
                                                    .orElse(null)));
                        },
                        row -> FenceVerdict.valueOf(row.getString("verdict").toUpperCase(Locale.ROOT)))
                .orElseThrow();
    }

    /**
     * A suspect that waits for quarantine or is there.
     *
     * @param company see {@link Suspicion}
     * @param running it was lent and is under way
     */
    public record Suspect(JobId id, String pool, int company, Optional<Loan> loan, boolean running) {}

    /** To whom a suspect may be lent, and for how long that has been so. */
    public record Loan(Incarnation to, Duration age) {}

    /** All suspects, those of longest standing first. */
    public List<Suspect> suspects() {
        return db.query("read the suspects", QuarantineSql.SUSPECTS, statement -> {}, row -> {
            String to = row.getString("lend_to");
            return new Suspect(
                    new JobId(row.getObject("job_id", UUID.class)),
                    row.getString("pool"),
                    row.getInt("company"),
                    to == null
                            ? Optional.empty()
                            : Optional.of(new Loan(
                                    new Incarnation(to), Duration.ofMillis(Math.max(0, row.getLong("lent_ms"))))),
                    row.getBoolean("running"));
        });
    }

    /** True if something is said of some job. */
    public boolean any() {
        return db.first("look for suspects", QuarantineSql.ANY, statement -> {}, row -> row.getBoolean("found"))
                .orElse(false);
    }

    /** Says to whom the owners of these suspects may lend them. Nothing happens if the epoch is the leader's no more. */
    public void lend(Collection<JobId> jobs, Incarnation to, long epoch) {
        db.query(
                "lend " + jobs.size() + " suspects to " + to,
                QuarantineSql.LEND,
                statement -> {
                    statement.setArray(1, Columns.of(statement, "uuid", List.copyOf(jobs), JobId::value));
                    statement.setString(2, to.id());
                    statement.setLong(3, epoch);
                },
                row -> true);
    }

    /** Has these suspects run like others again. Nothing happens if the epoch is the leader's no more. */
    public void release(Collection<JobId> jobs, long epoch) {
        db.query(
                "release " + jobs.size() + " suspects",
                QuarantineSql.RELEASE,
                statement -> {
                    statement.setArray(1, Columns.of(statement, "uuid", List.copyOf(jobs), JobId::value));
                    statement.setLong(2, epoch);
                },
                row -> true);
    }

    /** Forgets what is said of jobs that have survived; returns of how many. */
    public long sweep(long epoch) {
        return db.first(
                        "forget suspects that have survived",
                        QuarantineSql.SWEEP,
                        statement -> statement.setLong(1, epoch),
                        row -> row.getLong("removed"))
                .orElse(0L);
    }

    /** What became of a decision about a job that is held. */
    public enum HeldVerdict {
        /** It runs once more, alone in quarantine. */
        RELEASED,
        /** Its call counts as answered, and it is dead. */
        BURIED,
        /** It is no job that was convicted and is held since a call of it has no answer. */
        NOT_HELD
    }

    /**
     * Decides about a convicted job that is held since a call of it has no answer.
     *
     * @param by who decides
     * @param happened what came of the call, as a human has found out; empty: the job is to run once more
     */
    public HeldVerdict decide(JobId job, String by, Optional<String> happened) {
        return db.first(
                        "decide about job " + job,
                        QuarantineSql.DECIDE_HELD,
                        statement -> {
                            statement.setObject(1, job.value());
                            statement.setString(2, by);
                            statement.setString(3, happened.orElse(null));
                        },
                        row -> HeldVerdict.valueOf(row.getString("verdict").toUpperCase(Locale.ROOT)))
                .orElseThrow();
    }
}
