-- What most batches of keyed queues are: jobs that ask for nothing but to run in their key's order. `claim` (V002) says of such
-- a batch what it would say of any other; where one of its ids is known already, all of it goes the long way. The plans are
-- forced as in V018. What a key has is asked once, of the first of its records, and handed on to the others by windows: a join
-- would be planned for ten records, and compare each with each.

-- What stands of a key before a claim. why: none of its records may start. queued: somebody waits already, or the key is held.
-- Then what runs of it: whether others run it, how many and how many may, their bytes, the last of them, and their partition, or
-- the first record's.
CREATE TYPE key_state AS (
    why text, queued boolean, elsewhere boolean, running bigint, most integer, bytes bigint, last uuid, partition integer);

-- Starts or parks a claim's records, where all its partitions have been moved and nothing in it has a time, a limit, a unique
-- key, or is dead. Null: one of its ids is known, or wished to be cancelled; nothing was written.
-- waits: of each record why it waits, null where it has started; behind: the last of those that run of its key, where it has
-- joined them. The caller holds the lock of the partitions.
CREATE FUNCTION claim_keyed(
    p_incarnation text, p_queues text[], p_partitions integer[],
    r_part integer[], r_offset bigint[], r_job_id uuid[], r_type text[], r_order_key text[], r_max_failures integer[],
    r_deadline timestamptz[], r_submitted_at timestamptz[], r_record_key bytea[], r_payload bytea[], r_headers bytea[],
    r_payload_hash bytea[], p_quick text[], p_group integer[],
    OUT waits text[], OUT behind uuid[])
LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_nestloop = off
SET jit = off AS $$
#variable_conflict use_column
DECLARE
    keyed boolean[];
    windowed boolean[];
    may_join boolean;
    until timestamptz[];
    started uuid[];
    parked uuid[];
BEGIN
    SELECT array_agg(q.ordering = 'key' ORDER BY p.ix), array_agg(q.duplicate_window IS NOT NULL ORDER BY p.ix)
    INTO keyed, windowed
    FROM unnest(p_queues) WITH ORDINALITY AS p (queue, ix) JOIN queue q ON q.name = p.queue;
    IF EXISTS (SELECT FROM cancel_wish) AND EXISTS (SELECT FROM cancel_wish c WHERE c.job_id = ANY (r_job_id))
        OR true = ANY (windowed) AND EXISTS (SELECT FROM job_identity i WHERE i.job_id = ANY (r_job_id)) THEN
        RETURN;
    END IF;
    IF false = ANY (keyed) THEN -- the keys of a queue without order say nothing
        r_order_key := ARRAY(
            SELECT CASE WHEN keyed[r.part] THEN r.order_key END
            FROM (SELECT unnest(r_part) AS part, unnest(r_order_key) AS order_key) r);
    END IF;
    -- Who was in flight in a death runs alone.
    may_join := cardinality(p_quick) > 0 AND NOT EXISTS (SELECT FROM suspect);

    BEGIN
        IF true = ANY (windowed) THEN -- in id order, as in `claim`
            INSERT INTO job_identity (job_id, queue, partition, record_offset, payload_hash)
            SELECT r.job_id, p_queues[r.part], p_partitions[r.part], r.record_offset, r.payload_hash
            FROM (SELECT unnest(r_job_id) AS job_id, unnest(r_part) AS part, unnest(r_offset) AS record_offset,
                unnest(r_payload_hash) AS payload_hash) r
            WHERE windowed[r.part]
            ORDER BY r.job_id;
        END IF;

        SELECT array_agg(v.waits ORDER BY v.ix), array_agg(v.behind ORDER BY v.ix), array_agg(v.until ORDER BY v.ix)
        INTO waits, behind, until
        FROM (
            SELECT g.ix, CASE WHEN NOT g.goes THEN g.why END AS waits, CASE WHEN g.goes THEN g.last END AS behind,
                -- Only the first waiter of a key has a time; the others are found when it starts.
                CASE WHEN NOT g.goes THEN CASE WHEN NOT g.queued AND coalesce(lag(g.goes) OVER key, true)
                    THEN now() + key_recheck(g.foreign_head) ELSE 'infinity' END END AS until
            FROM (
                -- Of a free key, the first, and behind it those that may start with it, as in `next_of_key`; where quick ones of
                -- it run here, those that may join them. Whoever may not, nor may who is behind him: all of this only grows.
                SELECT m.ix, m.queue, m.order_key, coalesce((m.key).why, 'behind its key') AS why, (m.key).last,
                    (m.key).queued, (m.key).elsewhere OR (m.key).running > 0 AND (m.key).partition <> m.partition AS foreign_head,
                    m.order_key IS NULL OR (m.key).why IS NULL AND (m.nth = 1 AND (m.key).running = 0
                        OR (m.key).running + m.nth <= least((m.key).most, m.most) AND (m.key).bytes + m.bytes <= 1000000
                            AND m.together AND (m.key).partition = m.partition) AS goes
                FROM (
                    SELECT k.*, first_value(s.key) OVER (PARTITION BY k.queue, k.order_key ORDER BY k.ix ROWS UNBOUNDED PRECEDING)
                        AS key
                    FROM (
                        SELECT u.ix, p_queues[u.part] AS queue, p_partitions[u.part] AS partition, u.order_key,
                            row_number() OVER key AS nth, sum(u.bytes) OVER key AS bytes,
                            min(coalesce(p_group[array_position(p_quick, u.type)], 1)) OVER key AS most,
                            min(u.part) OVER key = max(u.part) OVER key AS together
                        FROM (SELECT generate_subscripts(r_part, 1) AS ix, unnest(r_part) AS part,
                            unnest(r_order_key) AS order_key, unnest(r_type) AS type, octet_length(unnest(r_payload)) AS bytes) u
                        WINDOW key AS (PARTITION BY p_queues[u.part], u.order_key ORDER BY u.ix ROWS UNBOUNDED PRECEDING)) k
                    LEFT JOIN LATERAL (
                        SELECT ROW(
                            CASE WHEN f.held THEN 'its key is held'
                                WHEN f.queued OR count(j.job_id) > 0 AND NOT (may_join AND bool_and(j.incarnation = p_incarnation)
                                    AND min(j.partition) = max(j.partition)) THEN 'behind its key' END,
                            f.held OR f.queued, coalesce(bool_or(j.incarnation <> p_incarnation), false),
                            count(j.job_id),
                            min(coalesce(p_group[array_position(p_quick, j.type)], 1)) FILTER (WHERE j.job_id IS NOT NULL),
                            coalesce(sum(octet_length(j.payload)), 0),
                            (array_agg(j.job_id ORDER BY j.key_position DESC))[1],
                            coalesce(min(j.partition), k.partition))::key_state AS key
                        FROM (SELECT
                                (SELECT true FROM key_hold d WHERE d.queue = k.queue AND d.order_key = k.order_key) IS NOT NULL
                                    AS held,
                                (SELECT true FROM job_waiting w WHERE w.queue = k.queue AND w.order_key = k.order_key
                                    AND w.key_position IS NOT NULL LIMIT 1) IS NOT NULL AS queued
                            WHERE k.nth = 1 OFFSET 0) f
                        LEFT JOIN job_running j ON j.queue = k.queue AND j.order_key = k.order_key
                            AND NOT f.held AND NOT f.queued -- nobody asks then
                        GROUP BY f.held, f.queued) s ON true) m) g
            WINDOW key AS (PARTITION BY g.queue, g.order_key ORDER BY g.ix)) v;

        -- Those that start stand before those that wait, in their key too.
        INSERT INTO job_running (job_id, queue, partition, record_offset, incarnation, attempt, type, order_key,
            key_position, max_failures, deadline, submitted_at, record_key, payload, headers)
        SELECT r.job_id, p_queues[r.part], p_partitions[r.part], r.record_offset, p_incarnation, 1, r.type, r.order_key,
            CASE WHEN r.order_key IS NOT NULL THEN nextval('key_position') END, r.max_failures, r.deadline, r.submitted_at,
            r.record_key, r.payload, r.headers
        FROM (SELECT unnest(r_part) AS part, unnest(r_offset) AS record_offset, unnest(r_job_id) AS job_id,
            unnest(r_type) AS type, unnest(r_order_key) AS order_key, unnest(r_max_failures) AS max_failures,
            unnest(r_deadline) AS deadline, unnest(r_submitted_at) AS submitted_at, unnest(r_record_key) AS record_key,
            unnest(r_payload) AS payload, unnest(r_headers) AS headers, unnest(waits) AS waits) r
        WHERE r.waits IS NULL;

        SELECT array_agg(r.job_id) FILTER (WHERE r.waits IS NULL), array_agg(r.job_id) FILTER (WHERE r.waits IS NOT NULL)
        INTO started, parked
        FROM (SELECT unnest(r_job_id) AS job_id, unnest(waits) AS waits) r;
        IF parked IS NOT NULL THEN
            INSERT INTO job_waiting (job_id, queue, partition, record_offset, state, due_at, reason, type, order_key,
                key_position, max_failures, deadline, submitted_at, record_key, payload, headers)
            SELECT r.job_id, p_queues[r.part], p_partitions[r.part], r.record_offset, 'parked', r.until, r.waits, r.type,
                r.order_key, nextval('key_position'), r.max_failures, r.deadline, r.submitted_at, r.record_key, r.payload,
                r.headers
            FROM (SELECT unnest(r_part) AS part, unnest(r_offset) AS record_offset, unnest(r_job_id) AS job_id,
                unnest(r_type) AS type, unnest(r_order_key) AS order_key, unnest(r_max_failures) AS max_failures,
                unnest(r_deadline) AS deadline, unnest(r_submitted_at) AS submitted_at, unnest(r_record_key) AS record_key,
                unnest(r_payload) AS payload, unnest(r_headers) AS headers, unnest(waits) AS waits,
                unnest(until) AS until) r
            WHERE r.waits IS NOT NULL;
        END IF;

        -- RACE: looked for after the inserts, which wait for whoever turns a running row of the same id into a waiting one, or
        -- the other way round.
        IF EXISTS (SELECT FROM job_waiting x WHERE x.job_id = ANY (started))
            OR EXISTS (SELECT FROM job_running x WHERE x.job_id = ANY (parked)) THEN
            RAISE unique_violation;
        END IF;
    EXCEPTION WHEN unique_violation THEN
        waits := NULL; -- nothing of it was written
        behind := NULL;
    END;
END $$;
