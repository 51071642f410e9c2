-- What most batches are: jobs that ask for nothing but to run, and that have succeeded. `claim` and `settle` (V002) say of
-- such a batch what they would say of any other, in as few statements and row visits as that takes; what is not like the
-- rest they look at one by one, as ever.
--
-- The plans are forced. Left alone, Postgres plans such statements anew with each small batch, which takes longer than to
-- run them, and for a large one takes a table for empty that was empty when it looked last. Arrays are unnested in the
-- select list, since a function in FROM stores what each of its arrays yields before it joins them.

-- Starts those of a claim's records that may start at once, where all its partitions have been moved and nothing in it
-- has an order, a time, a limit, a unique key, or is dead. Null: none of this can be said of the claim, nothing was written.
-- Gives back the numbers of the records that were not started: another job of that id is unfinished or was seen before.
-- Identities in id order, as in `claim`. A record whose identity is written here is either started or a duplicate of an
-- unfinished job, which `claim` finds out.
CREATE FUNCTION claim_plain(
    p_incarnation text, p_queues text[], p_partitions integer[],
    r_part integer[], r_offset bigint[], r_job_id uuid[], r_type text[], r_max_failures integer[],
    r_deadline timestamptz[], r_submitted_at timestamptz[], r_record_key bytea[], r_payload bytea[], r_headers bytea[],
    r_payload_hash bytea[])
RETURNS integer[] LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan SET enable_seqscan = off AS $$
#variable_conflict use_column
DECLARE
    windowed boolean;
    mixed boolean;
    fresh integer := 0;
    started uuid[];
BEGIN
    -- Some queues of a claim with a window and some without, or a wish about one of its jobs: not plain. A claim of nothing, as a
    -- worker rehearses it, is taken for what most claims are.
    SELECT coalesce(bool_or(q.duplicate_window IS NOT NULL), true), bool_or(q.duplicate_window IS NULL)
    INTO windowed, mixed
    FROM queue q WHERE q.name = ANY (p_queues);
    IF windowed AND mixed
        OR EXISTS (SELECT FROM cancel_wish) AND EXISTS (SELECT FROM cancel_wish c WHERE c.job_id = ANY (r_job_id)) THEN
        RETURN NULL;
    END IF;

    IF windowed THEN
        INSERT INTO job_identity (job_id, queue, partition, record_offset, payload_hash)
        SELECT r.job_id, p_queues[r.part], p_partitions[r.part], r.record_offset, r.payload_hash
        FROM (SELECT unnest(r_job_id) AS job_id, unnest(r_part) AS part, unnest(r_offset) AS record_offset,
            unnest(r_payload_hash) AS payload_hash) r
        ORDER BY r.job_id, r.record_offset
        ON CONFLICT (job_id) DO NOTHING;
        GET DIAGNOSTICS fresh = ROW_COUNT;
    END IF;

    -- Without ON CONFLICT, which looks each id up before it inserts it and writes to the log that nothing was there. As a
    -- rule none is, and where one is, all go through the statement after this. A few are not worth the transaction id that
    -- the block takes.
    IF cardinality(r_part) >= 32 AND (NOT windowed OR fresh = cardinality(r_part)) THEN
        BEGIN
            INSERT INTO job_running (job_id, queue, partition, record_offset, incarnation, attempt, type, max_failures,
                deadline, submitted_at, record_key, payload, headers)
            SELECT r.job_id, p_queues[r.part], p_partitions[r.part], r.record_offset, p_incarnation, 1, r.type,
                r.max_failures, r.deadline, r.submitted_at, r.record_key, r.payload, r.headers
            FROM (SELECT unnest(r_part) AS part, unnest(r_offset) AS record_offset, unnest(r_job_id) AS job_id,
                unnest(r_type) AS type, unnest(r_max_failures) AS max_failures, unnest(r_deadline) AS deadline,
                unnest(r_submitted_at) AS submitted_at, unnest(r_record_key) AS record_key, unnest(r_payload) AS payload,
                unnest(r_headers) AS headers) r;
            started := r_job_id;
        EXCEPTION WHEN unique_violation THEN
            NULL; -- nothing of it was written
        END;
    END IF;
    IF started IS NULL THEN
        -- An identity that was written above bears this transaction's id, which one within a savepoint would not.
        IF fresh > 0 AND NOT EXISTS (SELECT FROM job_identity i
            WHERE i.job_id = ANY (r_job_id) AND i.xmin = pg_current_xact_id()::xid) THEN
            RAISE EXCEPTION 'claim() has to be a transaction of its own';
        END IF;
        WITH run AS (
            INSERT INTO job_running (job_id, queue, partition, record_offset, incarnation, attempt, type, max_failures,
                deadline, submitted_at, record_key, payload, headers)
            SELECT r.job_id, p_queues[r.part], p_partitions[r.part], r.record_offset, p_incarnation, 1, r.type,
                r.max_failures, r.deadline, r.submitted_at, r.record_key, r.payload, r.headers
            FROM unnest(r_part, r_offset, r_job_id, r_type, r_max_failures, r_deadline, r_submitted_at, r_record_key,
                r_payload, r_headers) AS r (part, record_offset, job_id, type, max_failures, deadline, submitted_at,
                record_key, payload, headers)
            WHERE NOT windowed
                OR EXISTS (SELECT FROM job_identity i
                    WHERE i.job_id = r.job_id AND i.record_offset = r.record_offset
                        AND i.partition = p_partitions[r.part] AND i.queue = p_queues[r.part]
                        AND i.xmin = pg_current_xact_id()::xid)
            ON CONFLICT (job_id) DO NOTHING
            RETURNING job_id)
        SELECT coalesce(array_agg(job_id), '{}') INTO started FROM run;
    END IF;

    -- RACE: looked for after the insert, which waits for a settle that turns a running row of the same id into a waiting one.
    IF EXISTS (SELECT FROM job_waiting x WHERE x.job_id = ANY (r_job_id)) THEN
        WITH twice AS (
            DELETE FROM job_running j USING job_waiting x
            WHERE j.job_id = ANY (started) AND x.job_id = j.job_id
            RETURNING j.job_id)
        SELECT array_agg(s) INTO started FROM unnest(started) s WHERE s NOT IN (SELECT job_id FROM twice);
    END IF;
    IF cardinality(started) = cardinality(r_part) THEN
        RETURN '{}';
    END IF;
    RETURN ARRAY(
        SELECT r.ix::integer
        FROM unnest(r_job_id, r_part, r_offset) WITH ORDINALITY AS r (job_id, part, record_offset, ix)
        LEFT JOIN job_running j ON j.job_id = r.job_id AND j.job_id IN (SELECT unnest(started))
            AND j.queue = p_queues[r.part] AND j.partition = p_partitions[r.part] AND j.record_offset = r.record_offset
        WHERE j.job_id IS NULL
        ORDER BY r.ix);
END $$;

-- Closes those of a settle's runs that are still ours and have the attempt that they are said to have, as succeeded. Gives back
-- which those are where that is not all of them; null: it is. Whoever calls knows that none of them holds a limit.
-- p_keyed: also those that have a key; the caller looks who is next in it.
-- p_grouped: as in `settle`, and if one is unfinished that is before one of these in its key, none is closed.
CREATE FUNCTION settle_plain(
    p_incarnation text, p_job_ids uuid[], p_attempts integer[], p_results text[], p_entered_at timestamptz[],
    p_keyed boolean, p_grouped boolean)
RETURNS uuid[] LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_nestloop = off AS $$
#variable_conflict use_column
DECLARE
    closed integer;
BEGIN
    IF p_grouped AND is_out_of_turn(p_incarnation, p_job_ids, p_attempts) THEN
        RETURN '{}';
    END IF;
    WITH gone AS (
        DELETE FROM job_running r
        USING (SELECT unnest(p_job_ids) AS job_id, unnest(p_attempts) AS attempt, unnest(p_results) AS result,
            unnest(p_entered_at) AS entered_at) o
        WHERE r.job_id = ANY (p_job_ids) -- one walk along the index, in the order of ids
          AND r.job_id = o.job_id AND r.incarnation = p_incarnation AND r.attempt = o.attempt
          AND (p_keyed OR r.order_key IS NULL)
        RETURNING r.job_id, r.queue, r.partition, r.record_offset, r.type, r.order_key, r.key_position, o.result, r.attempt,
            r.failures, r.recoveries, r.submitted_at, r.claimed_at, r.started_at, o.entered_at AS entered)
    INSERT INTO job_history (job_id, queue, partition, record_offset, type, order_key, key_position, state, result, attempt,
        failures, recoveries, incarnation, submitted_at, claimed_at, started_at, entered_at)
    SELECT g.job_id, g.queue, g.partition, g.record_offset, g.type, g.order_key, g.key_position, 'succeeded', g.result,
        g.attempt, g.failures, g.recoveries, p_incarnation, g.submitted_at, g.claimed_at, g.started_at, g.entered
    FROM gone g
    ORDER BY g.key_position; -- events of a key are told in its order
    GET DIAGNOSTICS closed = ROW_COUNT;
    IF closed = cardinality(p_job_ids) THEN
        RETURN NULL;
    END IF;
    RETURN ARRAY(
        SELECT h.job_id FROM job_history h
        WHERE h.xid = pg_current_xact_id() AND h.settled_at = now() AND h.job_id = ANY (p_job_ids));
END $$;

-- Locks those of these runs that are ours, and says whether one before them in their keys is unfinished that is not among them.
-- None is named twice.
-- RACE: locked from a key's first on, as in `settle`.
CREATE FUNCTION is_out_of_turn(p_incarnation text, p_job_ids uuid[], p_attempts integer[]) RETURNS boolean LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_nestloop = off AS $$
#variable_conflict use_column
BEGIN
    RETURN (
        WITH mine AS MATERIALIZED (
            SELECT r.queue, r.order_key, r.key_position
            FROM job_running r
            JOIN (SELECT unnest(p_job_ids) AS job_id, unnest(p_attempts) AS attempt) o USING (job_id, attempt)
            WHERE r.job_id = ANY (p_job_ids) AND r.incarnation = p_incarnation
            ORDER BY r.key_position
            FOR UPDATE OF r)
        SELECT coalesce(bool_or(
            k.runs < (SELECT count(*) FROM job_running r
                WHERE r.queue = k.queue AND r.order_key = k.order_key AND r.key_position <= k.last)
            OR (SELECT true FROM job_waiting w
                WHERE w.queue = k.queue AND w.order_key = k.order_key AND w.key_position < k.last LIMIT 1) IS NOT NULL), false)
        FROM (SELECT m.queue, m.order_key, max(m.key_position) AS last, count(*) AS runs
              FROM mine m WHERE m.order_key IS NOT NULL GROUP BY m.queue, m.order_key) k);
END $$;
