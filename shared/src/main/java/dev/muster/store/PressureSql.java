package dev.muster.store;

/** Statements over the backlog. */
final class PressureSql {
    /** Where claiming goes on, per partition that ever had an owner. As many rows as there are partitions. */
    static final String POSITIONS = """
            SELECT queue, partition, incarnation, next_offset
            FROM partition_owner
            ORDER BY queue, partition
            """;

    /** Running rows are as many as there are slots. */
    static final String RUNNING = """
            SELECT count(*) AS jobs
            FROM job_running
            """;

    /** Waiting rows may be millions; beyond the limit the number is not worth its cost. */
    static final String WAITING = """
            SELECT count(*) AS jobs
            FROM (SELECT FROM job_waiting LIMIT ?) w
            """;

    private PressureSql() {}
}
