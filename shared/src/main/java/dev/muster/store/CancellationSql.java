package dev.muster.store;

/** The statements of {@link CancellationStore}. */
final class CancellationSql {
    private CancellationSql() {}

    /** One word. Locks the job's partition, then the job; by primary key, and by index in the history. */
    static final String CANCEL = "SELECT cancel(?, ?, ?)";
}
