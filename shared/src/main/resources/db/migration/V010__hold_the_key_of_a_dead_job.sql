-- What follows a dead job in its key: the next one, or nothing until somebody has looked. A held key is a row here, written
-- by the statement that writes the death; whoever asks whether a key is free asks this table too, in the same statement.
-- The jobs behind it wait as they did behind the running head, without a time, so a hold costs one row however many wait.

CREATE TABLE dead_policy (                         -- what an operator has said; else the handler's word counts
    queue text NOT NULL REFERENCES queue,
    type  text NOT NULL,
    holds boolean NOT NULL,
    PRIMARY KEY (queue, type)
);

CREATE TABLE key_hold (
    queue        text NOT NULL,
    order_key    text NOT NULL,
    partition    integer NOT NULL,
    key_position bigint NOT NULL,                  -- of the dead job; redriven, it takes it again
    job_id       uuid NOT NULL,
    type         text NOT NULL,
    seq          bigint NOT NULL UNIQUE,           -- of its row in the history
    held_at      timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (queue, order_key)
) WITH (autovacuum_vacuum_scale_factor = 0.0, autovacuum_vacuum_threshold = 1000);

-- Holds the keys of those of the jobs that this statement has written down as dead, where that is wished. It is part of
-- that statement, whose guard (b) is its guard. The first that waits behind one loses its time: a release gives it one.
-- p_holding: the types whose handlers hold the key.
CREATE FUNCTION hold_keys(p_job_ids uuid[], p_holding text[]) RETURNS void LANGUAGE sql AS $$
    WITH held AS (
        INSERT INTO key_hold (queue, order_key, partition, key_position, job_id, type, seq)
        SELECT h.queue, h.order_key, h.partition, h.key_position, h.job_id, h.type, h.seq
        FROM job_history h
        LEFT JOIN dead_policy p ON p.queue = h.queue AND p.type = h.type
        WHERE h.job_id = ANY (p_job_ids) AND h.state = 'dead' AND h.key_position IS NOT NULL AND h.settled_at = now()
          AND coalesce(p.holds, h.type = ANY (p_holding))
        ORDER BY h.queue, h.order_key
        ON CONFLICT DO NOTHING
        RETURNING queue, order_key)
    UPDATE job_waiting w SET due_at = 'infinity', reason = 'its key is held'
    FROM held k
    CROSS JOIN LATERAL (SELECT n.job_id FROM job_waiting n
        WHERE n.queue = k.queue AND n.order_key = k.order_key AND n.key_position IS NOT NULL
        ORDER BY n.key_position LIMIT 1) next
    WHERE w.job_id = next.job_id AND w.state = 'parked'
$$;

-- Locks the partitions that have to do with held keys: those of the holds, and those of the first that wait behind them.
CREATE FUNCTION lock_held(p_seqs bigint[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM partition_owner po
    WHERE (po.queue, po.partition) IN (
        SELECT k.queue, k.partition FROM key_hold k WHERE k.seq = ANY (p_seqs)
        UNION ALL
        SELECT k.queue, next.partition
        FROM key_hold k
        CROSS JOIN LATERAL (SELECT n.partition FROM job_waiting n
            WHERE n.queue = k.queue AND n.order_key = k.order_key AND n.key_position IS NOT NULL
            ORDER BY n.key_position LIMIT 1) next
        WHERE k.seq = ANY (p_seqs))
    ORDER BY po.queue, po.partition
    FOR NO KEY UPDATE;
END $$;

-- Lets a held key go on without its dead job, which stays a dead letter. False: it was not held.
CREATE FUNCTION release_key(p_queue text, p_key text) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    PERFORM lock_held(ARRAY(SELECT k.seq FROM key_hold k WHERE k.queue = p_queue AND k.order_key = p_key));
    DELETE FROM key_hold k WHERE k.queue = p_queue AND k.order_key = p_key;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    UPDATE job_waiting w SET due_at = now(), reason = 'behind its key'
    WHERE w.state = 'parked' AND w.job_id = (SELECT n.job_id FROM job_waiting n
        WHERE n.queue = p_queue AND n.order_key = p_key AND n.key_position IS NOT NULL
        ORDER BY n.key_position LIMIT 1);
    RETURN true;
END $$;
