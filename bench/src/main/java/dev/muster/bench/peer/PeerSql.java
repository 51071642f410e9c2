package dev.muster.bench.peer;

/** What peers store in. */
final class PeerSql {
    private PeerSql() {}

    /** For the listeners: one row for each job that is done. */
    static final String CREATE_DONE = """
            CREATE TABLE done (
                id uuid PRIMARY KEY,
                partition integer NOT NULL,
                record_offset bigint NOT NULL,
                key text,
                finished_at timestamptz NOT NULL DEFAULT now(),
                payload bytea NOT NULL
            )""";

    static final String DONE = """
            INSERT INTO done (id, partition, record_offset, key, payload)
            VALUES (?, ?, ?, ?, ?)
            ON CONFLICT DO NOTHING""";

    /** Source: db-scheduler, {@code postgresql_tables.sql}. */
    static final String CREATE_SCHEDULED_TASKS = """
            CREATE TABLE scheduled_tasks (
                task_name text NOT NULL,
                task_instance text NOT NULL,
                task_data bytea,
                execution_time timestamptz NOT NULL,
                picked boolean NOT NULL,
                picked_by text,
                last_success timestamptz,
                last_failure timestamptz,
                consecutive_failures integer,
                last_heartbeat timestamptz,
                version bigint NOT NULL,
                priority smallint,
                PRIMARY KEY (task_name, task_instance)
            );
            CREATE INDEX execution_time_idx ON scheduled_tasks (execution_time);
            CREATE INDEX last_heartbeat_idx ON scheduled_tasks (last_heartbeat);
            CREATE INDEX priority_execution_time_idx ON scheduled_tasks (priority DESC, execution_time ASC)""";
}
