package dev.muster.bench.bare;

/** The two tables and the two statements of the bare loop. */
final class BareSql {
    private BareSql() {}

    static final String CREATE = """
            CREATE TABLE running (
                id uuid PRIMARY KEY,
                partition integer NOT NULL,
                record_offset bigint NOT NULL,
                key text,
                attempt integer NOT NULL,
                owner text NOT NULL,
                started_at timestamptz NOT NULL DEFAULT now(),
                payload bytea NOT NULL
            ) WITH (autovacuum_vacuum_scale_factor = 0.0, autovacuum_vacuum_threshold = 20000,
                autovacuum_vacuum_cost_delay = 0);
            CREATE TABLE history (
                id uuid NOT NULL,
                partition integer NOT NULL,
                record_offset bigint NOT NULL,
                key text,
                state text NOT NULL,
                attempt integer NOT NULL,
                owner text NOT NULL,
                started_at timestamptz NOT NULL,
                finished_at timestamptz NOT NULL DEFAULT now()
            )""";

    static final String CLAIM = """
            INSERT INTO running (id, partition, record_offset, key, attempt, owner, payload)
            SELECT r.id, r.partition, r.record_offset, r.key, 1, ?, r.payload
            FROM unnest(?::uuid[], ?::integer[], ?::bigint[], ?::text[], ?::bytea[])
                AS r (id, partition, record_offset, key, payload)
            ON CONFLICT DO NOTHING""";

    static final String SETTLE = """
            WITH gone AS (
                DELETE FROM running r USING unnest(?::uuid[]) AS d (id) WHERE r.id = d.id RETURNING r.*)
            INSERT INTO history (id, partition, record_offset, key, state, attempt, owner, started_at)
            SELECT id, partition, record_offset, key, 'succeeded', attempt, owner, started_at
            FROM gone""";
}
