package dev.muster.store;

import dev.muster.job.JobId;
import java.util.Optional;

/** Where somebody says that a job is to be cancelled. The wish stands in Postgres until the job has ended. Thread-safe. */
public final class CancellationStore {
    /** Of who wishes it and why; what is longer is cut. */
    private static final int MAX_TEXT = 500;
    /** Each waits up to two seconds for a lock. A person asked: a lock that somebody holds for a moment is not their affair. */
    private static final int TRIES = 4;

    private final Db db;

    public CancellationStore(Database database) {
        this.db = new Db(database);
    }

    /**
     * Cancels a job that waits, at once; of any other it notes the wish. Said again it changes nothing: the first wish
     * stands.
     *
     * <p>Takes some eight seconds at most while somebody holds a lock that it needs, ten while Postgres hangs.
     *
     * @param by who wishes it, for the history
     * @throws StoreException if Postgres can't; the wish may stand all the same, and may be said again
     */
    public Cancellation cancel(JobId id, String by, Optional<String> reason) {
        for (int last = TRIES - 1; last > 0; last--) {
            try {
                return cancelOnce(id, by, reason);
            } catch (StoreException e) {
                if (e.code() != StoreException.Code.CONTENDED) {
                    throw e;
                }
            }
        }
        return cancelOnce(id, by, reason);
    }

    private Cancellation cancelOnce(JobId id, String by, Optional<String> reason) {
        return db.first(
                        "cancel job " + id,
                        CancellationSql.CANCEL,
                        statement -> {
                            statement.setObject(1, id.value());
                            statement.setString(2, clean(by));
                            statement.setString(
                                    3,
                                    reason.filter(text -> !text.isBlank())
                                            .map(CancellationStore::clean)
                                            .orElse(null));
                        },
                        row -> Cancellation.parse(row.getString(1)))
                .orElseThrow();
    }

    private static String clean(String text) {
        String whole = text.replace('\0', '\uFFFD');
        return whole.length() <= MAX_TEXT ? whole : whole.substring(0, MAX_TEXT);
    }
}
