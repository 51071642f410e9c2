-- The ownership protocol. Each function is called as one autocommit statement, so no lock ever waits for a client:
-- a frozen or vanished worker holds nothing. Two guards, nothing else:
--   (a) what is said about a waiting row or a partition locks its partition_owner row and demands
--       incarnation = me and epoch = mine;
--   (b) what is said about a running row demands incarnation = me and attempt = mine in that row's own change.
-- READ COMMITTED: within a plpgsql function every statement sees what was committed before that statement, which
-- fence-then-adopt relies on. Lock order: incarnations, queues, partitions (by queue and number), jobs (by id, those that
-- have a key by their place, across keys).

-- ---- guard (a) ----

-- Locks those of the given partitions that are held by the incarnation at the given epoch, in lock order.
CREATE FUNCTION owned(p_incarnation text, p_queues text[], p_partitions integer[], p_epochs integer[])
RETURNS TABLE (queue text, partition integer) LANGUAGE sql AS $$
    SELECT po.queue, po.partition
    FROM unnest(p_queues, p_partitions, p_epochs) AS p (queue, partition, epoch)
    JOIN partition_owner po ON po.queue = p.queue AND po.partition = p.partition
    WHERE po.incarnation = p_incarnation AND po.epoch = p.epoch
    ORDER BY po.queue, po.partition
    FOR NO KEY UPDATE OF po
$$;

-- ---- taking a partition over ----

-- Whoever the group assigned the partition to last, by its member epoch, owns it, released by the one before or not.
-- verdict: taken | overtaken (a later epoch stands there) | fenced (this incarnation may not own anything any more) |
-- held (a new partition of a keyed queue, which opens when the old ones are claimed up to the switch; nothing is written).
-- What the owner has to know of the queue's partitions comes with it, so that nobody claims by what it saw earlier.
CREATE FUNCTION take_over(
    p_incarnation text, p_queues text[], p_partitions integer[], p_epochs integer[], p_topic_ids uuid[])
RETURNS TABLE (queue text, partition integer, verdict text, next_offset bigint, stored_epoch integer, log_replaced boolean,
    partitions integer, growing_to integer, growth integer, switch_offset bigint) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    replaced text[];
BEGIN
    PERFORM FROM worker_incarnation w WHERE w.incarnation = p_incarnation AND w.fenced_at IS NULL FOR SHARE;
    IF NOT FOUND THEN
        RETURN QUERY SELECT p.queue, p.partition, 'fenced', 0::bigint, 0, false, 1, NULL::integer, 0, NULL::bigint
            FROM unnest(p_queues, p_partitions) AS p (queue, partition);
        RETURN;
    END IF;

    -- What is said of a queue's partitions waits until this is over, or is seen by it.
    PERFORM FROM queue q WHERE q.name = ANY (p_queues) ORDER BY q.name FOR SHARE;

    SELECT coalesce(array_agg(l.queue || '/' || l.partition), '{}') INTO replaced FROM (
        SELECT po.queue, po.partition, po.topic_id <> p.topic_id AS is_replaced
        FROM unnest(p_queues, p_partitions, p_topic_ids) AS p (queue, partition, topic_id)
        JOIN partition_owner po ON po.queue = p.queue AND po.partition = p.partition
        ORDER BY po.queue, po.partition
        FOR NO KEY UPDATE OF po) l WHERE l.is_replaced;

    INSERT INTO partition_owner AS po (queue, partition, incarnation, epoch, topic_id, growth)
    SELECT p.queue, p.partition, p_incarnation, p.epoch, p.topic_id, q.growth
    FROM unnest(p_queues, p_partitions, p_epochs, p_topic_ids) AS p (queue, partition, epoch, topic_id)
    JOIN queue q ON q.name = p.queue AND (q.growing_to IS NULL OR p.partition < q.partitions)
    ORDER BY p.queue, p.partition
    ON CONFLICT (queue, partition) DO UPDATE SET
        incarnation = EXCLUDED.incarnation,
        epoch = EXCLUDED.epoch,
        -- Offsets of a topic that was made anew mean nothing in the old one.
        next_offset = CASE WHEN po.topic_id = EXCLUDED.topic_id THEN po.next_offset ELSE 0 END,
        topic_id = EXCLUDED.topic_id,
        growth = EXCLUDED.growth,
        taken_at = now()
    WHERE po.epoch <= EXCLUDED.epoch;

    -- A key's first waiter may have been overlooked by the owner before: have every one looked at now.
    UPDATE job_waiting w SET due_at = now()
    FROM owned(p_incarnation, p_queues, p_partitions, p_epochs) o
    WHERE w.queue = o.queue AND w.partition = o.partition AND w.key_position IS NOT NULL
      AND w.state = 'parked' AND w.due_at > now() AND w.due_at < 'infinity'
      AND w.due_at > '-infinity' -- index job_waiting_due
      AND NOT EXISTS (SELECT FROM limited_job l WHERE l.job_id = w.job_id AND l.turn IS NOT NULL); -- waits for a slot

    RETURN QUERY
    SELECT p.queue, p.partition,
           CASE WHEN q.growing_to IS NOT NULL AND p.partition >= q.partitions THEN 'held'
                WHEN po.incarnation = p_incarnation AND po.epoch = p.epoch THEN 'taken' ELSE 'overtaken' END,
           coalesce(po.next_offset, 0), coalesce(po.epoch, 0), (po.queue || '/' || po.partition) = ANY (replaced),
           q.partitions, q.growing_to, q.growth, s.switch_offset
    FROM unnest(p_queues, p_partitions, p_epochs) AS p (queue, partition, epoch)
    JOIN queue q ON q.name = p.queue
    LEFT JOIN growth_switch s ON s.queue = p.queue AND s.partition = p.partition
    LEFT JOIN partition_owner po ON po.queue = p.queue AND po.partition = p.partition;
END $$;

-- The group was made anew, so its epochs start again below the stored one. Only for who has read the group's epoch.
CREATE FUNCTION reset_epoch(p_queue text, p_partition integer, p_stored integer, p_epoch integer)
RETURNS boolean LANGUAGE sql AS $$
    UPDATE partition_owner SET epoch = p_epoch
    WHERE queue = p_queue AND partition = p_partition AND epoch = p_stored
    RETURNING true
$$;

-- Kafka's log does not reach to where claiming would go on: go on at what it has. Identity alone decides from here.
CREATE FUNCTION reset_position(p_incarnation text, p_queue text, p_partition integer, p_epoch integer, p_offset bigint)
RETURNS boolean LANGUAGE sql AS $$
    UPDATE partition_owner SET next_offset = p_offset
    WHERE queue = p_queue AND partition = p_partition AND incarnation = p_incarnation AND epoch = p_epoch
    RETURNING true
$$;

-- ---- claim ----

CREATE TYPE claim_record AS (
    ix            integer,
    queue         text,
    partition     integer,
    keyed         boolean,
    windowed      boolean,
    record_offset bigint,
    job_id        uuid,
    position_id   uuid,       -- the id of a record that is no job, or whose own id is taken by another payload
    type          text,
    order_key     text,
    max_failures  integer,
    due_at        timestamptz,
    deadline      timestamptz,
    submitted_at  timestamptz,
    record_key    bytea,
    payload       bytea,
    headers       bytea,
    payload_hash  bytea,
    dead_reason   text,
    dead_detail   text,
    unique_key    text,
    limit_key     text
);

-- How long until a key's first waiter is looked at again although nobody said so; a head that runs elsewhere may be
-- settled by someone who cannot start what follows.
CREATE FUNCTION key_recheck(head_is_foreign boolean) RETURNS interval LANGUAGE sql AS $$
    SELECT CASE WHEN head_is_foreign THEN interval '250 ms' ELSE interval '5 s' END * (0.9 + 0.2 * random())
$$;

-- Makes polled records durable and moves each partition's position, both or neither. A partition that is not mine at
-- that epoch, or whose position is not p_from, gets nothing written: its records come back as not_owner.
-- A column that is null throughout may be passed empty; nothing then is read, sent or parsed for it.
-- p_shut: types whose circuit is open, so that they would be parked as soon as they start: they wait from the beginning.
-- p_quick, p_group: as in `settle`: of these types several of a key start at once, if it is free.
-- verdict per record: started | joined (others of its key run here, the last of which is `behind`) | waiting | duplicate |
-- dead | cancelled | not_owner. Record 0 stands for all of them.
CREATE FUNCTION claim(
    p_incarnation text,
    p_queues text[], p_partitions integer[], p_epochs integer[], p_from bigint[], p_to bigint[],
    r_part integer[], r_offset bigint[], r_job_id uuid[], r_position_id uuid[], r_type text[], r_order_key text[],
    r_max_failures integer[], r_due_at timestamptz[], r_deadline timestamptz[], r_submitted_at timestamptz[],
    r_record_key bytea[], r_payload bytea[], r_headers bytea[], r_payload_hash bytea[],
    r_dead_reason text[], r_dead_detail text[], r_unique_key text[], r_limit_key text[], p_shut text[],
    p_quick text[], p_group integer[])
RETURNS TABLE (ix integer, verdict text, behind uuid) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    won integer[];
    recs claim_record[];
    fresh integer[];
    clash integer[];
    unwanted integer[] := '{}';
    rivals integer[] := '{}';
    rest integer[];
    keyed record;
BEGIN
    PERFORM FROM owned(p_incarnation, p_queues, p_partitions, p_epochs);
    WITH moved AS (
        UPDATE partition_owner po SET next_offset = p.to_offset
        FROM unnest(p_queues, p_partitions, p_epochs, p_from, p_to) WITH ORDINALITY
            AS p (queue, partition, epoch, from_offset, to_offset, ix)
        WHERE po.queue = p.queue AND po.partition = p.partition
          AND po.incarnation = p_incarnation AND po.epoch = p.epoch AND po.next_offset = p.from_offset
        RETURNING p.ix::integer AS ix)
    SELECT coalesce(array_agg(ix), '{}') INTO won FROM moved;

    IF cardinality(won) = cardinality(p_queues) AND cardinality(r_due_at) + cardinality(r_dead_reason)
        + cardinality(r_unique_key) + cardinality(r_limit_key) + cardinality(p_shut) = 0 THEN
        IF cardinality(r_order_key) = 0 THEN
            rest := claim_plain(p_incarnation, p_queues, p_partitions, r_part, r_offset, r_job_id, r_type, r_max_failures,
                r_deadline, r_submitted_at, r_record_key, r_payload, r_headers, r_payload_hash);
            IF cardinality(rest) = 0 THEN
                RETURN QUERY SELECT 0, 'started', NULL::uuid;
                RETURN;
            END IF;
        ELSE
            keyed := claim_keyed(p_incarnation, p_queues, p_partitions, r_part, r_offset, r_job_id, r_type, r_order_key,
                r_max_failures, r_deadline, r_submitted_at, r_record_key, r_payload, r_headers, r_payload_hash, p_quick,
                p_group);
            IF keyed.waits IS NOT NULL THEN
                RETURN QUERY
                SELECT k.ix::integer, CASE WHEN k.waits IS NOT NULL THEN 'waiting' WHEN k.behind IS NOT NULL THEN 'joined'
                    ELSE 'started' END, k.behind
                FROM unnest(keyed.waits, keyed.behind) WITH ORDINALITY AS k (waits, behind, ix);
                RETURN;
            END IF;
        END IF;
    END IF;

    -- From here on each statement is planned for the number of its records: a plan for any number compares each with each.
    PERFORM set_config('plan_cache_mode', 'force_custom_plan', true);

    SELECT array_agg(ROW(r.ix, p_queues[r.part], p_partitions[r.part], q.ordering = 'key', q.duplicate_window IS NOT NULL,
            r.record_offset, r.job_id, r.position_id, r.type, r.order_key, r.max_failures, r.due_at, r.deadline,
            r.submitted_at, r.record_key, r.payload, r.headers, r.payload_hash, r.dead_reason, r.dead_detail,
            r.unique_key, r.limit_key)::claim_record
            ORDER BY r.ix)
    INTO recs
    FROM unnest(r_part, r_offset, r_job_id, r_position_id, r_type, r_order_key, r_max_failures, r_due_at, r_deadline,
            r_submitted_at, r_record_key, r_payload, r_headers, r_payload_hash, r_dead_reason, r_dead_detail,
            r_unique_key, r_limit_key)
        WITH ORDINALITY AS r (part, record_offset, job_id, position_id, type, order_key, max_failures, due_at, deadline,
            submitted_at, record_key, payload, headers, payload_hash, dead_reason, dead_detail, unique_key,
            limit_key, ix)
    JOIN queue q ON q.name = p_queues[r.part]
    WHERE r.part = ANY (won) AND (rest IS NULL OR r.ix IN (SELECT unnest(rest)));

    -- Identity outlives the row, for the queue's window; after it a submission is a new job.
    DELETE FROM job_identity i USING unnest(recs) r, queue q
    WHERE i.job_id = r.job_id AND r.windowed AND r.dead_reason IS NULL AND q.name = r.queue
      AND i.seen_at < now() - q.duplicate_window;

    -- In id order, since two claims with the same ids in different order would deadlock.
    WITH known AS (
        INSERT INTO job_identity (job_id, queue, partition, record_offset, payload_hash)
        SELECT r.job_id, r.queue, r.partition, r.record_offset, r.payload_hash
        FROM unnest(recs) r WHERE r.windowed AND r.dead_reason IS NULL
        ORDER BY r.job_id, r.ix
        ON CONFLICT (job_id) DO NOTHING
        RETURNING queue, partition, record_offset)
    SELECT array_agg(r.ix) INTO fresh
    FROM unnest(recs) r LEFT JOIN known k USING (queue, partition, record_offset)
    WHERE r.dead_reason IS NULL AND (k.queue IS NOT NULL OR NOT r.windowed);
    fresh := coalesce(fresh, '{}');

    -- Where no window is kept, at least nothing unfinished is started twice.
    SELECT coalesce(array_agg(f.ix), '{}') INTO fresh FROM (
        SELECT r.ix, row_number() OVER (PARTITION BY r.job_id ORDER BY r.ix) AS nth, r.job_id
        FROM unnest(recs) r WHERE r.ix IN (SELECT unnest(fresh))) f
    WHERE f.nth = 1
      AND NOT EXISTS (SELECT FROM job_running x WHERE x.job_id = f.job_id)
      AND NOT EXISTS (SELECT FROM job_waiting x WHERE x.job_id = f.job_id);

    -- The same id with another payload is not the same job, and not a new one either.
    SELECT coalesce(array_agg(r.ix), '{}') INTO clash
    FROM unnest(recs) r JOIN job_identity i USING (job_id)
    WHERE r.windowed AND r.dead_reason IS NULL AND r.ix NOT IN (SELECT unnest(fresh)) AND i.payload_hash <> r.payload_hash;

    INSERT INTO duplicate_submission (job_id, queue, partition, record_offset)
    SELECT r.job_id, r.queue, r.partition, r.record_offset FROM unnest(recs) r
    WHERE r.dead_reason IS NULL AND r.ix NOT IN (SELECT unnest(fresh)) AND NOT r.ix = ANY (clash)
    ON CONFLICT DO NOTHING;

    -- Somebody wished these to be cancelled before they came.
    IF EXISTS (SELECT FROM cancel_wish) THEN
        SELECT coalesce(array_agg(r.ix), '{}') INTO unwanted
        FROM unnest(recs) r JOIN cancel_wish c USING (job_id)
        WHERE r.ix IN (SELECT unnest(fresh)) AND c.wished_at >= now() - wish_window();
    END IF;

    -- Of those with the same unique key, one that is unfinished. In key order, as identities are; who meets a claim or a
    -- settle of the same key waits for that statement.
    IF EXISTS (SELECT FROM unnest(recs) r WHERE r.unique_key IS NOT NULL AND r.ix IN (SELECT unnest(fresh))) THEN
        WITH first AS (
            INSERT INTO job_unique (queue, unique_key, job_id)
            SELECT r.queue, r.unique_key, r.job_id
            FROM unnest(recs) r WHERE r.unique_key IS NOT NULL AND r.ix IN (SELECT unnest(fresh)) AND NOT r.ix = ANY (unwanted)
            ORDER BY r.queue, r.unique_key, r.ix
            ON CONFLICT DO NOTHING
            RETURNING job_id)
        SELECT coalesce(array_agg(r.ix), '{}') INTO rivals
        FROM unnest(recs) r LEFT JOIN first f USING (job_id)
        WHERE r.unique_key IS NOT NULL AND r.ix IN (SELECT unnest(fresh)) AND NOT r.ix = ANY (unwanted) AND f.job_id IS NULL;
    END IF;

    IF cardinality(unwanted) + cardinality(rivals) > 0 THEN
        fresh := ARRAY(SELECT f FROM unnest(fresh) f WHERE NOT f = ANY (unwanted) AND NOT f = ANY (rivals));
        INSERT INTO job_history (job_id, queue, partition, record_offset, type, order_key, state, reason, detail, attempt,
            failures, recoveries, incarnation, submitted_at, claimed_at)
        SELECT r.job_id, r.queue, r.partition, r.record_offset, r.type, r.order_key, 'cancelled',
            CASE WHEN r.ix = ANY (unwanted) THEN coalesce(c.reason, 'cancelled') ELSE 'not_unique' END,
            CASE WHEN r.ix = ANY (unwanted) THEN wish_text(c)
                ELSE 'unique key ' || r.unique_key || ': ' || coalesce('job ' || u.job_id || ' has it', 'another job had it') END,
            0, 0, 0, p_incarnation, r.submitted_at, now()
        FROM unnest(recs) r
        LEFT JOIN cancel_wish c ON c.job_id = r.job_id AND r.ix = ANY (unwanted)
        LEFT JOIN job_unique u ON u.queue = r.queue AND u.unique_key = r.unique_key
        WHERE r.ix = ANY (unwanted) OR r.ix = ANY (rivals);
        PERFORM job_over(ARRAY(SELECT r.job_id FROM unnest(recs) r WHERE r.ix = ANY (unwanted)));
    END IF;

    -- What is dead here never was a job: its id is that of its place, since the one that it names may be, or become, a
    -- job's. The named one is kept for people who look for it. No event tells it: who waits for a job's outcome must not
    -- hear of a record that only bears its name.
    INSERT INTO job_history (job_id, named_id, queue, partition, record_offset, type, order_key, state, reason, detail,
        attempt, failures, recoveries, incarnation, submitted_at, claimed_at, record_key, payload, headers)
    SELECT r.position_id, CASE WHEN r.dead_reason IS NOT NULL THEN nullif(r.job_id, r.position_id) END, r.queue,
        r.partition, r.record_offset, r.type, r.order_key, 'dead', coalesce(r.dead_reason, 'identity_conflict'),
        coalesce(r.dead_detail, 'job ' || r.job_id || ' was submitted before with another payload'),
        0, 0, 0, p_incarnation, r.submitted_at, now(), r.record_key, r.payload, r.headers
    FROM unnest(recs) r WHERE r.dead_reason IS NOT NULL OR r.ix = ANY (clash);

    IF EXISTS (SELECT FROM unnest(recs) r WHERE r.limit_key IS NOT NULL AND r.ix IN (SELECT unnest(fresh))) THEN
        INSERT INTO limited_job (job_id, limit_key)
        SELECT r.job_id, r.limit_key FROM unnest(recs) r WHERE r.limit_key IS NOT NULL AND r.ix IN (SELECT unnest(fresh))
        ORDER BY r.job_id;
    END IF;

    RETURN QUERY
    WITH scheduled AS (
        INSERT INTO job_waiting (job_id, queue, partition, record_offset, state, due_at, type, order_key, max_failures,
            deadline, submitted_at, record_key, payload, headers)
        SELECT r.job_id, r.queue, r.partition, r.record_offset, 'scheduled', r.due_at, r.type,
            CASE WHEN r.keyed THEN r.order_key END, r.max_failures, r.deadline, r.submitted_at, r.record_key, r.payload,
            r.headers
        FROM unnest(recs) r WHERE r.ix IN (SELECT unnest(fresh)) AND r.due_at > now()
        RETURNING job_id),
    ready AS MATERIALIZED (
        SELECT r.*, CASE WHEN r.keyed AND r.order_key IS NOT NULL THEN nextval('key_position') END AS place
        FROM (SELECT * FROM unnest(recs) u WHERE u.ix IN (SELECT unnest(fresh)) AND (u.due_at IS NULL OR u.due_at <= now())
              ORDER BY u.ix) r),
    -- A key is free when the table has nothing unfinished of it: asked of the table, never of memory.
    keys AS MATERIALIZED (
        SELECT k.queue, k.order_key, h.incarnation AS head, h.partition AS head_partition, d.seq AS held,
            f.first_waiting IS NOT NULL OR d.seq IS NOT NULL AS queued,
            h.incarnation IS NULL AND f.first_waiting IS NULL AND d.seq IS NULL AS free, g.running, g.most, g.bytes,
            g.last, coalesce(g.mine, false) AS open
        FROM (SELECT DISTINCT r.queue, r.order_key FROM ready r WHERE r.place IS NOT NULL) k
        LEFT JOIN key_hold d ON d.queue = k.queue AND d.order_key = k.order_key
        LEFT JOIN LATERAL (SELECT j.incarnation, j.partition FROM job_running j
            WHERE j.queue = k.queue AND j.order_key = k.order_key LIMIT 1) h ON true
        LEFT JOIN LATERAL (SELECT w.key_position AS first_waiting FROM job_waiting w
            WHERE w.queue = k.queue AND w.order_key = k.order_key AND w.key_position IS NOT NULL
            ORDER BY w.key_position LIMIT 1) f ON true
        -- What runs of it here, if others may run behind that. Who was in flight in a death runs alone.
        LEFT JOIN LATERAL (SELECT count(*) AS running, sum(octet_length(j.payload)) AS bytes,
                min(coalesce(p_group[array_position(p_quick, j.type)], 1)) AS most,
                (array_agg(j.job_id ORDER BY j.key_position DESC))[1] AS last,
                bool_and(j.incarnation = p_incarnation AND j.partition = h.partition) AS mine
            FROM job_running j WHERE j.queue = k.queue AND j.order_key = k.order_key) g
            ON h.incarnation = p_incarnation AND f.first_waiting IS NULL AND d.seq IS NULL
                AND cardinality(p_quick) > 0 AND NOT EXISTS (SELECT FROM suspect)),
    -- Who starts in a free key: its first, and behind it those that may start with it, as in `next_of_key`. Where quick ones
    -- of it run here, those that may join them.
    keyed AS MATERIALIZED (
        SELECT c.*, bool_and(c.may) OVER key AS goes, coalesce(bool_and(c.may) OVER before, true) AS is_next
        FROM (
            SELECT r.ix, r.queue, r.order_key, k.held, k.queued, k.free, k.open, k.last, row_number() OVER key AS nth,
                k.head <> p_incarnation OR k.head_partition <> r.partition AS foreign_head,
                r.limit_key IS NULL AND NOT r.type = ANY (p_shut)
                    AND (k.free AND row_number() OVER key = 1 OR (k.free OR k.open)
                        AND r.partition = coalesce(k.head_partition, first_value(r.partition) OVER key)
                        AND coalesce(k.running, 0) + row_number() OVER key <= least(k.most,
                            min(coalesce(p_group[array_position(p_quick, r.type)], 1)) OVER key)
                        AND coalesce(k.bytes, 0) + sum(octet_length(r.payload)) OVER key <= 1000000) AS may
            FROM ready r JOIN keys k USING (queue, order_key)
            WHERE r.place IS NOT NULL
            WINDOW key AS (PARTITION BY r.queue, r.order_key ORDER BY r.ix)) c
        WINDOW key AS (PARTITION BY c.queue, c.order_key ORDER BY c.ix),
            before AS (PARTITION BY c.queue, c.order_key ORDER BY c.ix ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)),
    started AS (
        INSERT INTO job_running (job_id, queue, partition, record_offset, incarnation, attempt, type, order_key,
            key_position, max_failures, deadline, submitted_at, record_key, payload, headers)
        SELECT r.job_id, r.queue, r.partition, r.record_offset, p_incarnation, 1, r.type,
            CASE WHEN r.place IS NOT NULL THEN r.order_key END, r.place, r.max_failures, r.deadline, r.submitted_at,
            r.record_key, r.payload, r.headers
        FROM ready r LEFT JOIN keyed k USING (ix)
        WHERE coalesce(k.goes, r.limit_key IS NULL AND NOT r.type = ANY (p_shut))
        RETURNING job_id),
    parked AS (
        INSERT INTO job_waiting (job_id, queue, partition, record_offset, state, due_at, reason, type, order_key,
            key_position, max_failures, deadline, submitted_at, record_key, payload, headers)
        SELECT r.job_id, r.queue, r.partition, r.record_offset, 'parked',
            -- Only the first waiter of a key has a time; the others are found when it starts. A job with a limit that
            -- could start otherwise is due: start_due takes its slot.
            CASE WHEN k.ix IS NULL OR (k.nth = 1 AND k.free)
                THEN now() + CASE WHEN r.type = ANY (p_shut) THEN key_recheck(false) ELSE interval '0' END
                WHEN NOT k.queued AND k.is_next
                THEN now() + key_recheck(coalesce(k.foreign_head, false)) ELSE 'infinity' END,
            CASE WHEN k.ix IS NULL OR (k.nth = 1 AND k.free)
                THEN CASE WHEN r.type = ANY (p_shut) THEN 'its circuit is open' ELSE 'waits for a slot of its limit' END
                WHEN k.held IS NOT NULL THEN 'its key is held' ELSE 'behind its key' END,
            r.type, CASE WHEN r.place IS NOT NULL THEN r.order_key END, r.place, r.max_failures, r.deadline,
            r.submitted_at, r.record_key, r.payload, r.headers
        FROM ready r LEFT JOIN keyed k USING (ix)
        WHERE NOT coalesce(k.goes, r.limit_key IS NULL AND NOT r.type = ANY (p_shut))
        RETURNING job_id)
    SELECT r.ix, CASE WHEN s.job_id IS NULL THEN 'waiting' WHEN k.open THEN 'joined' ELSE 'started' END, k.last
        FROM ready r LEFT JOIN started s USING (job_id) LEFT JOIN keyed k USING (ix)
    UNION ALL SELECT r.ix, 'waiting', NULL FROM unnest(recs) r JOIN scheduled s USING (job_id) WHERE r.ix IN (SELECT unnest(fresh))
    UNION ALL SELECT r.ix, 'dead', NULL FROM unnest(recs) r WHERE r.dead_reason IS NOT NULL OR r.ix = ANY (clash)
    UNION ALL SELECT r.ix, 'cancelled', NULL FROM unnest(recs) r WHERE r.ix = ANY (unwanted) OR r.ix = ANY (rivals)
    UNION ALL SELECT r.ix, 'duplicate', NULL FROM unnest(recs) r
        WHERE r.dead_reason IS NULL AND r.ix NOT IN (SELECT unnest(fresh)) AND NOT r.ix = ANY (clash)
          AND NOT r.ix = ANY (unwanted) AND NOT r.ix = ANY (rivals)
    UNION ALL SELECT p.ix::integer, 'not_owner', NULL FROM unnest(r_part) WITH ORDINALITY AS p (part, ix)
        WHERE NOT p.part = ANY (won)
    UNION ALL SELECT p.ix::integer, 'started', NULL FROM unnest(r_part) WITH ORDINALITY AS p (part, ix)
        WHERE rest IS NOT NULL AND p.ix NOT IN (SELECT unnest(rest));

    IF EXISTS (SELECT FROM unnest(r_limit_key) l WHERE l IS NOT NULL) THEN
        PERFORM line_up(ARRAY(SELECT r.job_id FROM unnest(recs) r
            WHERE r.limit_key IS NOT NULL AND r.ix = ANY (fresh) ORDER BY r.ix));
    END IF;
END $$;

-- ---- start ----

-- Waiting rows become running ones of the incarnation. The caller holds the lock of their partitions and has looked
-- whether their keys are free. Whoever follows in a key becomes its first waiter.
CREATE FUNCTION start_waiting(p_incarnation text, p_job_ids uuid[]) RETURNS SETOF job_running LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
    -- A wish that was not carried out when it was said: the job came to wait a moment later.
    IF EXISTS (SELECT FROM cancel_wish c WHERE c.job_id = ANY (p_job_ids)) THEN
        PERFORM cancel_waiting(p_job_ids);
    END IF;
    -- What may have killed its worker starts only where it is lent to; see the migration about suspects.
    IF EXISTS (SELECT FROM suspect s WHERE s.job_id = ANY (p_job_ids) AND s.lend_to IS DISTINCT FROM p_incarnation) THEN
        p_job_ids := lend(p_job_ids);
    END IF;
    IF EXISTS (SELECT FROM limited_job l WHERE l.job_id = ANY (p_job_ids)) THEN
        p_job_ids := with_slots(p_job_ids);
    END IF;

    RETURN QUERY
    WITH gone AS (
        DELETE FROM job_waiting w USING unnest(p_job_ids) AS s (job_id) WHERE w.job_id = s.job_id RETURNING w.*)
    INSERT INTO job_running (job_id, queue, partition, record_offset, incarnation, attempt, type, order_key, key_position,
        failures, recoveries, max_failures, deadline, submitted_at, claimed_at, record_key, payload, headers)
    SELECT g.job_id, g.queue, g.partition, g.record_offset, p_incarnation, g.attempt + 1, g.type, g.order_key,
        g.key_position, g.failures, g.recoveries, g.max_failures, g.deadline, g.submitted_at, g.claimed_at, g.record_key,
        g.payload, g.headers
    FROM gone g
    ON CONFLICT (job_id) DO NOTHING   -- only where no window is kept: an unfinished job of that id runs already
    RETURNING *;

    -- Once a key: each look steps over what was taken out of the key a moment ago.
    UPDATE job_waiting w SET due_at = now() + key_recheck(false)
    FROM (SELECT DISTINCT r.queue, r.order_key FROM job_running r
          WHERE r.job_id = ANY (p_job_ids) AND r.order_key IS NOT NULL) k
    CROSS JOIN LATERAL (SELECT n.job_id FROM job_waiting n
        WHERE n.queue = k.queue AND n.order_key = k.order_key AND n.key_position IS NOT NULL
        ORDER BY n.key_position LIMIT 1) next
    WHERE w.job_id = next.job_id AND w.due_at = 'infinity';
END $$;

-- Starts what is due in my partitions, the longest due first, at most p_limit jobs. A job whose key is busy is put off.
-- What may not start any more is closed first; expire_waiting stands with the schedules, in a later migration.
CREATE FUNCTION start_due(
    p_incarnation text, p_queues text[], p_partitions integer[], p_epochs integer[], p_limit integer)
RETURNS SETOF job_running LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    due uuid[];
    free uuid[];
BEGIN
    PERFORM expire_waiting(p_incarnation, p_queues, p_partitions, p_epochs, p_limit);

    SELECT array_agg(d.job_id ORDER BY d.due_at, d.job_id) INTO due FROM (
        SELECT w.job_id, w.due_at
        FROM owned(p_incarnation, p_queues, p_partitions, p_epochs) o
        JOIN queue q ON q.name = o.queue AND NOT q.paused
        CROSS JOIN LATERAL (SELECT x.job_id, x.due_at FROM job_waiting x
            WHERE x.queue = o.queue AND x.partition = o.partition AND x.due_at <= now()
                AND x.due_at > '-infinity' -- index job_waiting_due
            ORDER BY x.due_at LIMIT p_limit) w
        ORDER BY w.due_at, w.job_id
        LIMIT p_limit) d;
    IF due IS NULL THEN
        RETURN;
    END IF;

    -- A scheduled job takes its place in its key when it becomes due: the longest due first.
    WITH placed AS MATERIALIZED (
        SELECT d.job_id, nextval('key_position') AS place
        FROM (SELECT u.job_id FROM unnest(due) WITH ORDINALITY AS u (job_id, ix)
              JOIN job_waiting w ON w.job_id = u.job_id AND w.order_key IS NOT NULL AND w.key_position IS NULL
              ORDER BY u.ix) d)
    UPDATE job_waiting w SET key_position = p.place, state = 'ready'
    FROM placed p WHERE w.job_id = p.job_id;

    SELECT array_agg(w.job_id ORDER BY w.due_at, w.record_offset) INTO free
    FROM job_waiting w
    WHERE w.job_id = ANY (due) AND (w.order_key IS NULL OR (
        NOT EXISTS (SELECT FROM job_running r WHERE r.queue = w.queue AND r.order_key = w.order_key)
        AND NOT EXISTS (SELECT FROM job_waiting e WHERE e.queue = w.queue AND e.order_key = w.order_key
            AND e.key_position < w.key_position)
        AND NOT EXISTS (SELECT FROM key_hold k WHERE k.queue = w.queue AND k.order_key = w.order_key)));

    -- The others wait behind their key: the first of them with a time, the rest until it starts. Where the key is held
    -- nobody has a time: its release gives the first one, after this has let go of the partition.
    UPDATE job_waiting w SET state = 'parked',
        reason = CASE WHEN EXISTS (SELECT FROM key_hold k WHERE k.queue = w.queue AND k.order_key = w.order_key)
            THEN 'its key is held' ELSE 'behind its key' END,
        due_at = CASE WHEN EXISTS (SELECT FROM job_waiting e WHERE e.queue = w.queue AND e.order_key = w.order_key
                AND e.key_position < w.key_position)
              OR EXISTS (SELECT FROM key_hold k WHERE k.queue = w.queue AND k.order_key = w.order_key)
            THEN 'infinity'
            ELSE now() + key_recheck(EXISTS (SELECT FROM job_running r WHERE r.queue = w.queue
                AND r.order_key = w.order_key
                AND (r.incarnation <> p_incarnation OR r.partition <> w.partition))) END
    WHERE w.job_id = ANY (due) AND NOT w.job_id = ANY (coalesce(free, '{}'));

    RETURN QUERY SELECT * FROM start_waiting(p_incarnation, coalesce(free, '{}'));
END $$;

-- Who of a key's waiting jobs go next, if it is free: the first, and behind it those that may start with it, since they and
-- all before them are of types whose runs are quick. Who has a limit, or is suspected, starts alone.
CREATE FUNCTION next_of_key(p_queue text, p_order_key text, p_quick text[], p_group integer[])
RETURNS TABLE (job_id uuid, nth bigint, partition integer, goes boolean) LANGUAGE plpgsql STABLE
SET enable_bitmapscan = off AS $$
#variable_conflict use_column
DECLARE
    most integer; -- by the first's type
BEGIN
    SELECT coalesce(p_group[array_position(p_quick, w.type)], 1) INTO most
    FROM job_waiting w
    WHERE w.queue = p_queue AND w.order_key = p_order_key AND w.key_position IS NOT NULL
    ORDER BY w.key_position LIMIT 1;
    IF coalesce(most, 1) = 1 THEN
        RETURN QUERY
        SELECT w.job_id, 1::bigint, w.partition, w.state IN ('parked', 'ready')
        FROM job_waiting w
        WHERE w.queue = p_queue AND w.order_key = p_order_key AND w.key_position IS NOT NULL
        ORDER BY w.key_position LIMIT 1;
        RETURN;
    END IF;
    RETURN QUERY
    SELECT f.job_id, f.nth, f.partition, bool_and(f.goes) OVER (ORDER BY f.nth)
    FROM (
        SELECT w.job_id, w.nth, w.partition, w.state IN ('parked', 'ready') AND w.partition = w.first_partition
            AND (w.nth = 1 OR (w.nth <= w.most AND w.bytes <= 1000000
                AND NOT EXISTS (SELECT FROM limited_job l WHERE l.job_id IN (w.job_id, w.first_id))
                AND NOT EXISTS (SELECT FROM suspect s WHERE s.job_id IN (w.job_id, w.first_id)))) AS goes
        FROM (
            SELECT n.job_id, n.partition, n.state, row_number() OVER key AS nth,
                first_value(n.partition) OVER key AS first_partition, first_value(n.job_id) OVER key AS first_id,
                min(coalesce(p_group[array_position(p_quick, n.type)], 1)) OVER key AS most, sum(n.bytes) OVER key AS bytes
            FROM (
                SELECT * FROM (
                    SELECT x.job_id, x.partition, x.state, x.type, x.key_position, octet_length(x.payload) AS bytes
                    FROM job_waiting x
                    WHERE x.queue = p_queue AND x.order_key = p_order_key AND x.key_position IS NOT NULL
                    ORDER BY x.key_position
                    LIMIT 250) x -- a number, so that the plan is one that reads no more than that
                LIMIT most) n
            WINDOW key AS (ORDER BY n.key_position)) w) f;
END $$;

-- True if an unfinished job stands before this one in its key: of a group, only the first is carried on when its worker or
-- its lane has ended.
CREATE FUNCTION is_behind(p_queue text, p_order_key text, p_key_position bigint) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT EXISTS (SELECT FROM job_running e
            WHERE e.queue = p_queue AND e.order_key = p_order_key AND e.key_position < p_key_position)
        OR EXISTS (SELECT FROM job_waiting e
            WHERE e.queue = p_queue AND e.order_key = p_order_key AND e.key_position < p_key_position)
$$;

-- Running rows of groups wait behind their keys again; the numbers of their runs are not used a second time. The caller has
-- their locks. The first of a key is looked at now: what it stood behind may have ended in this moment.
CREATE FUNCTION wait_again(p_job_ids uuid[]) RETURNS void LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
    WITH gone AS (
        DELETE FROM job_running r WHERE r.job_id = ANY (p_job_ids) RETURNING r.*)
    INSERT INTO job_waiting (job_id, queue, partition, record_offset, state, due_at, reason, attempt, type, order_key,
        key_position, failures, recoveries, max_failures, deadline, submitted_at, claimed_at, record_key, payload, headers)
    SELECT g.job_id, g.queue, g.partition, g.record_offset, 'parked',
        CASE WHEN row_number() OVER (PARTITION BY g.queue, g.order_key ORDER BY g.key_position) = 1 THEN now()
            ELSE 'infinity' END,
        'behind its key', g.attempt, g.type, g.order_key, g.key_position, g.failures, g.recoveries, g.max_failures,
        g.deadline, g.submitted_at, g.claimed_at, g.record_key, g.payload, g.headers
    FROM gone g;

    -- Somebody may have wished them cancelled while they counted as running.
    IF EXISTS (SELECT FROM cancel_wish c WHERE c.job_id = ANY (p_job_ids)) THEN
        PERFORM cancel_waiting(p_job_ids);
    END IF;
END $$;

-- Runs of a group of mine that have not begun, and will not, as the one before them did not succeed. Guard (b).
CREATE FUNCTION put_back(p_incarnation text, p_job_ids uuid[], p_attempts integer[]) RETURNS void LANGUAGE sql AS $$
    SELECT wait_again(ARRAY(
        SELECT r.job_id
        FROM unnest(p_job_ids, p_attempts) AS o (job_id, attempt)
        JOIN job_running r ON r.job_id = o.job_id AND r.incarnation = p_incarnation AND r.attempt = o.attempt
        WHERE r.order_key IS NOT NULL
        ORDER BY r.key_position -- as `settle` does
        FOR UPDATE OF r))
$$;

-- ---- settle ----

-- Of these keys, those of which nothing runs and nothing holds them, while somebody waits: of most, nobody does. The plan is
-- forced, as one that reads a table through may look cheap while it is small.
CREATE FUNCTION freed_keys(p_queues text[], p_keys text[], OUT queues text[], OUT order_keys text[]) LANGUAGE plpgsql STABLE
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off AS $$
#variable_conflict use_column
BEGIN
    SELECT array_agg(k.queue), array_agg(k.order_key) INTO queues, order_keys
    FROM (SELECT DISTINCT unnest(p_queues) AS queue, unnest(p_keys) AS order_key) k
    WHERE (SELECT true FROM job_waiting w
            WHERE w.queue = k.queue AND w.order_key = k.order_key AND w.key_position IS NOT NULL LIMIT 1)
        AND (SELECT true FROM job_running r WHERE r.queue = k.queue AND r.order_key = k.order_key LIMIT 1) IS NULL
        AND (SELECT true FROM key_hold h WHERE h.queue = k.queue AND h.order_key = k.order_key) IS NULL;
END $$;

-- Starts who is next in keys of which runs have just become final, where nothing of them runs any more and the partition of the
-- next is among those held (queue/number), whose locks the caller has. Who is next in a paused queue waits until it goes on; its
-- place in the key is kept, and its owner looks again and again. Elsewhere its owner looks soon.
CREATE FUNCTION start_next(
    p_incarnation text, p_held text[], p_queues text[], p_keys text[], p_quick text[], p_group integer[])
RETURNS SETOF job_running LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    free_queues text[];
    free_keys text[];
    next_jobs uuid[];
    elsewhere uuid[];
BEGIN
    IF p_keys IS NULL THEN
        RETURN;
    END IF;
    SELECT f.queues, f.order_keys INTO free_queues, free_keys FROM freed_keys(p_queues, p_keys) f;
    IF free_keys IS NULL THEN
        RETURN;
    END IF;
    -- Two thousand start in all; where many keys are free, none is read for much more than its part of that.
    p_group := ARRAY(SELECT least(g, greatest(1, 4000 / cardinality(free_keys))) FROM unnest(p_group) WITH ORDINALITY AS m (g, ix)
        ORDER BY m.ix);

    SELECT array_agg(n.job_id ORDER BY n.queue, n.order_key, n.nth)
               FILTER (WHERE n.goes AND n.mine AND NOT n.paused AND (n.nth = 1 OR n.of_all <= 2000)),
           array_agg(n.job_id) FILTER (WHERE n.nth = 1 AND (NOT n.mine OR n.paused))
    INTO next_jobs, elsewhere
    FROM (
        SELECT k.queue, k.order_key, q.paused, next.job_id, next.nth, next.goes,
            count(*) FILTER (WHERE next.goes) OVER (ORDER BY k.queue, k.order_key, next.nth) AS of_all,
            (k.queue || '/' || next.partition) = ANY (p_held) AS mine
        FROM unnest(free_queues, free_keys) AS k (queue, order_key)
        JOIN queue q ON q.name = k.queue
        CROSS JOIN LATERAL (SELECT * FROM next_of_key(k.queue, k.order_key, p_quick, p_group)) next) n;

    IF elsewhere IS NOT NULL THEN
        UPDATE job_waiting w SET due_at = now() WHERE w.job_id = ANY (elsewhere) AND w.state = 'parked';
    END IF;
    IF next_jobs IS NOT NULL THEN
        RETURN QUERY SELECT * FROM start_waiting(p_incarnation, next_jobs) s ORDER BY s.key_position;
    END IF;
END $$;

-- Closes runs: guard (b) in each row's own DELETE. A final state leaves for the history; anything else waits again.
-- No outcome but success may close a job while a call of it is open whose answer nobody knows: it becomes unknown.
-- What would wait again although somebody wishes it cancelled is over, unless such a call is open.
-- What leaves its run frees its slot, whatever comes of it; the oldest that waits for one is looked at now.
-- Jobs that follow from one that became final here are submitted with it, or not at all: p_follow_ups, null where none do.
-- Of keys that became free, the next job starts at once where I own the partition (`start_next`).
-- verdict: settled (without a job: all of them) | unknown | rejected (not mine any more; nothing written) | started (a
-- key's next job) | woken (slots were freed, and those who wait for them are due now).
-- p_holding: the types whose dead jobs hold their key, unless an operator has said otherwise.
-- p_grouped: some of these runs began when the run before them in their key had ended, and before that was written. Such a
-- run is closed with those before it, or after them, never while one of them is unfinished, here or elsewhere.
-- p_quick, p_group: types of which several waiting jobs of a key may start at once, to be run one after the other, and how
-- many of each.
-- A column that is null throughout may be passed empty, and p_outcomes where all have succeeded and at most a result is said of
-- each.
CREATE FUNCTION settle(
    p_incarnation text, p_job_ids uuid[], p_attempts integer[], p_outcomes text[], p_reasons text[], p_details text[],
    p_results text[], p_delays_ms bigint[], p_entered_at timestamptz[],
    p_intent_jobs uuid[], p_intent_steps text[], p_intent_made boolean[],
    p_queues text[], p_partitions integer[], p_epochs integer[], p_follow_ups json,
    p_holding text[], p_grouped boolean, p_quick text[], p_group integer[])
RETURNS TABLE (verdict text, job_id uuid, started job_running) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    held text[];
    finished uuid[];
    waiting uuid[];
    unsure uuid[];
    freed text[];
    key_queues text[];   -- of what has just become final: its keys
    key_names text[];
    cancelled uuid[];
    early uuid[];   -- of a group, and one before it in its key is not final, and does not become so here
    plain uuid[] := '{}'; -- settled at once
BEGIN
    IF cardinality(p_queues) > 0 THEN
        SELECT array_agg(o.queue || '/' || o.partition) INTO held
        FROM owned(p_incarnation, p_queues, p_partitions, p_epochs) o;
    END IF;
    held := coalesce(held, '{}');

    IF cardinality(p_outcomes) = 0 THEN -- all have succeeded, and nothing but their results is said of them
        IF NOT EXISTS (SELECT FROM limit_slot) OR NOT EXISTS (SELECT FROM limit_slot s WHERE s.job_id = ANY (p_job_ids)) THEN
            plain := settle_plain(p_incarnation, p_job_ids, p_attempts, p_results, p_entered_at, cardinality(p_queues) > 0,
                p_grouped);
            PERFORM job_over(coalesce(plain, p_job_ids));
            IF cardinality(p_queues) > 0 THEN
                SELECT array_agg(h.queue), array_agg(h.order_key) INTO key_queues, key_names
                FROM (SELECT DISTINCT d.queue, d.order_key FROM job_history d
                      WHERE d.xid = pg_current_xact_id() AND d.settled_at = now() AND d.order_key IS NOT NULL) h;
            END IF;
            IF plain IS NULL THEN
                RETURN QUERY SELECT 'settled', NULL::uuid, NULL::job_running;
                RETURN QUERY SELECT 'started', s.job_id, s
                FROM start_next(p_incarnation, held, key_queues, key_names, p_quick, p_group) s;
                RETURN;
            END IF;
            SELECT coalesce(array_agg(o.job_id), '{}'), array_agg(o.attempt), array_agg(o.result), array_agg(o.entered_at)
            INTO p_job_ids, p_attempts, p_results, p_entered_at
            FROM unnest(p_job_ids, p_attempts, p_results, p_entered_at) AS o (job_id, attempt, result, entered_at)
            WHERE NOT o.job_id = ANY (plain);
        END IF;
        p_outcomes := array_fill('succeeded'::text, ARRAY[cardinality(p_job_ids)]);
    END IF;

    IF p_grouped THEN
        -- RACE: locked from a key's first on. Were a later one locked first, an adopter could pass over it, take the first,
        -- and find the later one closed.
        WITH mine AS MATERIALIZED (
            SELECT r.job_id, r.queue, r.order_key, r.key_position, o.outcome
            FROM unnest(p_job_ids, p_attempts, p_outcomes) AS o (job_id, attempt, outcome)
            JOIN job_running r ON r.job_id = o.job_id AND r.incarnation = p_incarnation AND r.attempt = o.attempt
            WHERE r.order_key IS NOT NULL
            ORDER BY r.key_position
            FOR UPDATE OF r),
        ahead AS MATERIALIZED ( -- once a key, not once a run
            SELECT k.queue, k.order_key, k.last, least(
                (SELECT min(r.key_position) FROM job_running r
                 WHERE r.queue = k.queue AND r.order_key = k.order_key
                   AND r.job_id NOT IN (SELECT m.job_id FROM mine m WHERE m.outcome = 'succeeded')),
                (SELECT w.key_position FROM job_waiting w
                 WHERE w.queue = k.queue AND w.order_key = k.order_key AND w.key_position IS NOT NULL
                 ORDER BY w.key_position LIMIT 1)) AS first
            FROM (SELECT m.queue, m.order_key, max(m.key_position) AS last FROM mine m GROUP BY m.queue, m.order_key) k),
        broken AS MATERIALIZED ( -- none, as a rule
            SELECT a.queue, a.order_key, a.first FROM ahead a WHERE a.first < a.last)
        SELECT array_agg(m.job_id) INTO early
        FROM broken b JOIN mine m USING (queue, order_key)
        WHERE b.first < m.key_position;
        IF early IS NOT NULL THEN
            SELECT array_agg(CASE WHEN o.job_id = ANY (early) THEN 0 ELSE o.attempt END ORDER BY o.ix) INTO p_attempts
            FROM unnest(p_job_ids, p_attempts) WITH ORDINALITY AS o (job_id, attempt, ix); -- no run of that number is there
        END IF;
    END IF;

    IF cardinality(p_intent_jobs) > 0 THEN
        -- Guard (b) here too: whoever has adopted the job may have a call under way that this answer is not of.
        WITH mine AS MATERIALIZED (
            SELECT r.job_id
            FROM unnest(p_job_ids, p_attempts) AS o (job_id, attempt)
            JOIN job_running r ON r.job_id = o.job_id AND r.incarnation = p_incarnation AND r.attempt = o.attempt
            ORDER BY r.job_id
            FOR UPDATE OF r)
        UPDATE job_intent i SET closed_at = now(), answered = i.answered OR c.made
        FROM unnest(p_intent_jobs, p_intent_steps, p_intent_made) AS c (job_id, step, made)
        JOIN mine USING (job_id)
        WHERE i.job_id = c.job_id AND i.step = c.step AND i.closed_at IS NULL;
    END IF;

    IF EXISTS (SELECT FROM unnest(p_outcomes) o WHERE o IN ('declined', 'dead', 'cancelled', 'expired')) THEN
        SELECT array_agg(o.job_id) INTO unsure
        FROM unnest(p_job_ids, p_outcomes) AS o (job_id, outcome)
        WHERE o.outcome IN ('declined', 'dead', 'cancelled', 'expired')
          AND EXISTS (SELECT FROM job_intent i WHERE i.job_id = o.job_id AND i.closed_at IS NULL);
    END IF;
    unsure := coalesce(unsure, '{}');

    WITH o AS (
        SELECT * FROM unnest(p_job_ids, p_attempts, p_outcomes, p_reasons, p_details, p_results, p_entered_at)
            AS o (job_id, attempt, outcome, reason, detail, result, entered_at)
        WHERE o.outcome IN ('succeeded', 'declined', 'dead', 'cancelled', 'expired') AND NOT o.job_id = ANY (unsure)),
    gone AS (
        DELETE FROM job_running r USING o
        WHERE r.job_id = o.job_id AND r.incarnation = p_incarnation AND r.attempt = o.attempt
        RETURNING r.*, o.outcome, o.reason, o.detail, o.result, o.entered_at AS entered),
    kept AS (
        INSERT INTO job_history (job_id, queue, partition, record_offset, type, order_key, key_position, state, reason,
            detail, result, attempt, failures, recoveries, incarnation, submitted_at, claimed_at, started_at, entered_at,
            record_key, payload, headers)
        SELECT g.job_id, g.queue, g.partition, g.record_offset, g.type, g.order_key, g.key_position, g.outcome, g.reason,
            CASE WHEN g.outcome = 'cancelled' THEN nullif(concat_ws('; ', (SELECT wish_text(c) FROM cancel_wish c
                WHERE c.job_id = g.job_id), g.detail, answered_calls(g.job_id)), '') ELSE g.detail END, g.result, g.attempt, g.failures + (g.outcome = 'dead')::integer, g.recoveries, g.incarnation,
            g.submitted_at, g.claimed_at, g.started_at, g.entered,
            CASE WHEN g.outcome = 'dead' THEN g.record_key END, CASE WHEN g.outcome = 'dead' THEN g.payload END,
            CASE WHEN g.outcome = 'dead' THEN g.headers END
        FROM gone g
        ORDER BY CASE WHEN p_grouped THEN g.key_position END -- events of a key are told in its order
        RETURNING job_id, queue, order_key)
    SELECT array_agg(k.job_id), key_queues || array_agg(k.queue) FILTER (WHERE k.order_key IS NOT NULL),
        key_names || array_agg(k.order_key) FILTER (WHERE k.order_key IS NOT NULL)
    INTO finished, key_queues, key_names FROM kept k;
    PERFORM job_over(finished);
    IF 'dead' = ANY (p_outcomes) THEN
        PERFORM hold_keys(finished, p_holding);
    END IF;
    IF p_follow_ups IS NOT NULL THEN
        PERFORM follow_up(p_follow_ups, finished); -- in a later migration, with the outbox
    END IF;

    IF (cardinality(p_job_ids) > coalesce(cardinality(finished), 0)) THEN
        WITH o AS (
            SELECT * FROM unnest(p_job_ids, p_attempts, p_outcomes, p_reasons, p_details, p_delays_ms, p_entered_at)
                AS o (job_id, attempt, outcome, reason, detail, delay_ms, entered_at)
            WHERE o.outcome NOT IN ('succeeded', 'declined', 'dead', 'cancelled', 'expired') OR o.job_id = ANY (unsure)),
        gone AS (
            DELETE FROM job_running r USING o
            WHERE r.job_id = o.job_id AND r.incarnation = p_incarnation AND r.attempt = o.attempt
            RETURNING r.*, CASE WHEN o.job_id = ANY (unsure) THEN 'unknown' ELSE o.outcome END AS outcome, o.reason,
                o.detail, o.entered_at AS entered,
                -- A final outcome carries no wait; as unknown it must not be repeated in a tight loop.
                now() + make_interval(secs => greatest(o.delay_ms,
                    CASE WHEN o.job_id = ANY (unsure) THEN 1000 ELSE 0 END) / 1000.0) AS due),
        noted AS (
            INSERT INTO job_attempt (job_id, queue, type, attempt, incarnation, outcome, reason, detail, started_at,
                entered_at, due_at)
            SELECT g.job_id, g.queue, g.type, g.attempt, g.incarnation, g.outcome, g.reason, g.detail, g.started_at,
                g.entered, g.due
            FROM gone g),
        kept AS (
            INSERT INTO job_waiting (job_id, queue, partition, record_offset, state, due_at, reason, attempt, type,
                order_key, key_position, failures, recoveries, max_failures, deadline, submitted_at, claimed_at, record_key,
                payload, headers)
            SELECT g.job_id, g.queue, g.partition, g.record_offset,
                CASE g.outcome WHEN 'retried' THEN 'retrying' WHEN 'snoozed' THEN 'scheduled' ELSE g.outcome END,
                g.due, g.reason, g.attempt, g.type, g.order_key, g.key_position,
                g.failures + (g.outcome = 'retried')::integer, g.recoveries, g.max_failures,
                -- Whose call nobody knows the outcome of can't expire: it would never be repeated, nor closed.
                CASE WHEN g.outcome <> 'unknown' THEN g.deadline END, g.submitted_at,
                g.claimed_at, g.record_key, g.payload, g.headers
            FROM gone g
            RETURNING job_id)
        SELECT array_agg(k.job_id) INTO waiting FROM kept k;

        -- RACE: a wish is said under a lock of the running row, so it stands by now if the row was still there for it.
        IF EXISTS (SELECT FROM cancel_wish c WHERE c.job_id = ANY (waiting)) THEN
            cancelled := ARRAY(SELECT cancel_waiting(waiting));
            finished := finished || cancelled;
            -- The history row is a moment old, so its index entry is warm.
            SELECT key_queues || array_agg(h.queue), key_names || array_agg(h.order_key) INTO key_queues, key_names
            FROM job_history h
            WHERE h.job_id = ANY (cancelled) AND h.order_key IS NOT NULL AND h.settled_at >= now() - interval '1 second';
        END IF;

        INSERT INTO rejected_write (incarnation, operation, job_id)
        SELECT p_incarnation, 'settle', o.job_id FROM unnest(p_job_ids) AS o (job_id)
        WHERE NOT o.job_id = ANY (coalesce(finished, '{}')) AND NOT o.job_id = ANY (coalesce(waiting, '{}'));
    END IF;

    IF EXISTS (SELECT FROM limit_slot) THEN
        WITH left_behind AS (
            DELETE FROM limit_slot s WHERE s.job_id = ANY (finished) OR s.job_id = ANY (waiting) RETURNING s.limit_key)
        SELECT array_agg(l.limit_key) INTO freed FROM left_behind l;
    END IF;

    IF cardinality(finished) = cardinality(p_job_ids) THEN
        RETURN QUERY SELECT 'settled', NULL::uuid, NULL::job_running;
    ELSE
        RETURN QUERY
        SELECT CASE WHEN o.job_id NOT IN (SELECT unnest(finished || waiting)) THEN 'rejected'
            WHEN o.job_id = ANY (unsure) THEN 'unknown' ELSE 'settled' END, o.job_id, NULL::job_running
        FROM unnest(p_job_ids) AS o (job_id)
        UNION ALL
        SELECT 'settled', s.job_id, NULL::job_running FROM unnest(plain) AS s (job_id);
    END IF;

    RETURN QUERY SELECT 'started', s.job_id, s FROM start_next(p_incarnation, held, key_queues, key_names, p_quick, p_group) s;
    IF freed IS NOT NULL THEN
        PERFORM wake_limited(freed, 0); -- last: slots are taken before rows are woken, here as in start_due
        RETURN QUERY SELECT 'woken', NULL::uuid, NULL::job_running;
    END IF;
END $$;

-- ---- adoption ----

-- Running rows of fenced incarnations in my partitions become mine. Rows that someone has locked are left for the
-- next scan: never wait behind a zombie's statement. Suspects of having killed the worker are not started again here.
-- p_holding: as in `settle`; the convicted die here. Of a group, only the first goes on here; the others wait behind it.
-- RACE: a claim that was given up may have added a row to a key behind a head that died and held it. The row waits until the
-- key is let go.
CREATE FUNCTION adopt(
    p_incarnation text, p_queues text[], p_partitions integer[], p_epochs integer[], p_holding text[])
RETURNS SETOF job_running LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    followers uuid[];
BEGIN
    IF EXISTS (SELECT FROM suspect) THEN
        PERFORM set_aside(p_incarnation, p_queues, p_partitions, p_epochs, p_holding);
    END IF;
    followers := ARRAY(
        SELECT r.job_id
        FROM owned(p_incarnation, p_queues, p_partitions, p_epochs) o
        JOIN job_running r ON r.queue = o.queue AND r.partition = o.partition
        JOIN worker_incarnation w ON w.incarnation = r.incarnation
        WHERE r.incarnation <> p_incarnation AND w.fenced_at IS NOT NULL
          AND r.order_key IS NOT NULL AND (is_behind(r.queue, r.order_key, r.key_position)
            OR EXISTS (SELECT FROM key_hold k WHERE k.queue = r.queue AND k.order_key = r.order_key))
        ORDER BY r.job_id
        FOR UPDATE OF r SKIP LOCKED);
    IF cardinality(followers) > 0 THEN
        PERFORM wait_again(followers);
    END IF;
    RETURN QUERY
    WITH taken AS MATERIALIZED (
        SELECT r.*
        FROM owned(p_incarnation, p_queues, p_partitions, p_epochs) o
        JOIN job_running r ON r.queue = o.queue AND r.partition = o.partition
        JOIN worker_incarnation w ON w.incarnation = r.incarnation
        WHERE r.incarnation <> p_incarnation AND w.fenced_at IS NOT NULL
          -- RACE: fenced, or let go by a zombie, since they were set aside; the next scan does it.
          AND NOT is_suspected(r.job_id, r.attempt)
          -- RACE: a follower that somebody had locked a moment ago. It is not carried on, and nor is whoever is before it:
          -- that one may die and hold the key, and the follower would run all the same. The next scan does it.
          AND (r.order_key IS NULL OR NOT is_behind(r.queue, r.order_key, r.key_position)
            AND NOT EXISTS (SELECT FROM key_hold k WHERE k.queue = r.queue AND k.order_key = r.order_key)
            AND NOT EXISTS (SELECT FROM job_running l WHERE l.queue = r.queue AND l.order_key = r.order_key
                AND l.key_position > r.key_position))
        ORDER BY r.job_id
        FOR UPDATE OF r SKIP LOCKED),
    noted AS (
        INSERT INTO job_attempt (job_id, queue, type, attempt, incarnation, outcome, reason, started_at, entered_at)
        SELECT t.job_id, t.queue, t.type, t.attempt, t.incarnation, 'interrupted', 'its worker died', t.started_at,
            t.entered_at
        FROM taken t),
    chained AS ( -- a death that counts for nobody: neither one more, nor survived
        UPDATE suspect s SET attempt = t.attempt FROM taken t WHERE s.job_id = t.job_id AND s.attempt = t.attempt - 1)
    UPDATE job_running r
    SET incarnation = p_incarnation, attempt = r.attempt + 1, recoveries = r.recoveries + 1,
        started_at = clock_timestamp(),
        entered_at = NULL
    FROM taken t WHERE r.job_id = t.job_id
    RETURNING r.*;
END $$;

-- Rows of mine that have no thread are begun again, each under a number of its own: a settle of the run before may still
-- be under way, from a lane that has ended, and must not close what a later run has open. Of a group, only the first; the
-- others wait behind it, as does whoever is in a held key. Guard (b).
CREATE FUNCTION begin_again(p_incarnation text, p_job_ids uuid[], p_attempts integer[])
RETURNS SETOF job_running LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    followers uuid[];
BEGIN
    WITH keyed AS MATERIALIZED (
        SELECT r.job_id, r.queue, r.order_key, r.key_position
        FROM unnest(p_job_ids, p_attempts) AS o (job_id, attempt)
        JOIN job_running r ON r.job_id = o.job_id AND r.incarnation = p_incarnation AND r.attempt = o.attempt
        WHERE r.order_key IS NOT NULL
        ORDER BY r.key_position -- as `settle` does
        FOR UPDATE OF r)
    SELECT array_agg(k.job_id) INTO followers
    FROM keyed k
    WHERE is_behind(k.queue, k.order_key, k.key_position)
       OR EXISTS (SELECT FROM key_hold h WHERE h.queue = k.queue AND h.order_key = k.order_key);
    IF cardinality(followers) > 0 THEN
        PERFORM wait_again(followers);
    END IF;
    RETURN QUERY
    WITH mine AS MATERIALIZED (
        SELECT r.*
        FROM unnest(p_job_ids, p_attempts) AS o (job_id, attempt)
        JOIN job_running r ON r.job_id = o.job_id AND r.incarnation = p_incarnation AND r.attempt = o.attempt
        ORDER BY r.job_id
        FOR UPDATE OF r),
    noted AS (
        INSERT INTO job_attempt (job_id, queue, type, attempt, incarnation, outcome, reason, started_at, entered_at)
        SELECT m.job_id, m.queue, m.type, m.attempt, m.incarnation, 'interrupted', 'it had no thread', m.started_at,
            m.entered_at
        FROM mine m),
    chained AS ( -- it was neither cut short by a death nor survived
        UPDATE suspect s SET attempt = m.attempt FROM mine m WHERE s.job_id = m.job_id AND s.attempt = m.attempt - 1)
    UPDATE job_running r SET attempt = r.attempt + 1, started_at = now(), entered_at = NULL
    FROM mine m WHERE r.job_id = m.job_id
    RETURNING r.*;
END $$;

-- ---- effects ----

-- Stores the idempotency key of a step before its first call; again: the same key. An answer to an earlier call says
-- nothing about the coming one, so the intent is open again until that one is answered.
-- unanswered_since: an earlier call may have been made, then, and nobody knows what came of it; null where none was. A call
-- that was answered before the job was redriven counts like one: nobody knows what it did, and providers forget keys.
-- An edited job has another version of its keys: see `redrive`.
-- Guard (b): only for a job that is mine and runs, and that has nothing unfinished before it in its key: a call is made
-- when what goes before it is final. No row comes back for a job that is not.
CREATE FUNCTION intend(p_incarnation text, p_job_ids uuid[], p_attempts integer[], p_steps text[])
RETURNS TABLE (job_id uuid, step text, idempotency_key text, unanswered_since timestamptz) LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    WITH mine AS MATERIALIZED (
        SELECT r.job_id, s.step, coalesce(
            -- Of this life of the job: its id may have had another one, long ago.
            (SELECT max(d.key_version) FROM redrive d
             WHERE d.redriven_as = r.job_id AND d.redriven_at >= r.claimed_at), 1) AS version
        FROM unnest(p_job_ids, p_attempts, p_steps) AS s (job_id, attempt, step)
        JOIN job_running r ON r.job_id = s.job_id AND r.incarnation = p_incarnation AND r.attempt = s.attempt
        WHERE r.order_key IS NULL OR NOT is_behind(r.queue, r.order_key, r.key_position)
        ORDER BY r.job_id, s.step
        FOR NO KEY UPDATE OF r)
    INSERT INTO job_intent AS i (job_id, step, version, idempotency_key)
    SELECT m.job_id, m.step, m.version, 'muster:' || m.job_id || ':' || m.step || ':' || m.version FROM mine m
    ON CONFLICT (job_id, step, version) DO UPDATE SET
        opened_at = CASE WHEN i.closed_at IS NULL
              OR i.closed_at < (SELECT max(d.redriven_at) FROM redrive d JOIN job_running r ON r.job_id = d.redriven_as
                                WHERE d.redriven_as = i.job_id AND d.redriven_at >= r.claimed_at)
            THEN i.opened_at ELSE now() END,
        closed_at = NULL
    RETURNING i.job_id, i.step, i.idempotency_key, CASE WHEN i.opened_at <> now() THEN i.opened_at END;
END $$;

-- ---- incarnations ----

-- A new life of a worker; null while an earlier one is not fenced, or when p_epoch is no longer the leader's.
CREATE FUNCTION mint_incarnation(p_worker text, p_pool text, p_launcher text, p_host text, p_epoch bigint)
RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    minted text;
BEGIN
    IF p_epoch IS NOT NULL THEN
        PERFORM FROM leader_lease WHERE name = 'coordinator' AND epoch = p_epoch AND expires_at > now() FOR SHARE;
        IF NOT FOUND THEN
            RETURN NULL;
        END IF;
    END IF;
    INSERT INTO worker (name, pool) VALUES (p_worker, p_pool) ON CONFLICT (name) DO UPDATE SET pool = EXCLUDED.pool;
    IF EXISTS (SELECT FROM worker_incarnation w WHERE w.worker = p_worker AND w.fenced_at IS NULL) THEN
        RETURN NULL;
    END IF;
    UPDATE worker SET last_number = last_number + 1 WHERE name = p_worker;
    INSERT INTO worker_incarnation (incarnation, worker, number, pool, launcher, host, minted_epoch)
    SELECT p_worker || '.' || w.last_number, p_worker, w.last_number, p_pool, p_launcher, p_host, p_epoch
    FROM worker w WHERE w.name = p_worker
    RETURNING incarnation INTO minted;
    RETURN minted;
END $$;

-- Says for good that an incarnation is dead. p_epoch: the leader's; null for a partition's owner that decides by the
-- group alone, which may do so only while no leader's lease is fresh, and for an incarnation that ends itself.
-- verdict: fenced | already | unknown | deposed | leader_decides | draining.
CREATE FUNCTION fence(p_incarnation text, p_reason text, p_by text, p_epoch bigint)
RETURNS text LANGUAGE plpgsql SET lock_timeout = '200ms' AS $$
BEGIN
    IF p_epoch IS NOT NULL THEN
        PERFORM FROM leader_lease WHERE name = 'coordinator' AND epoch = p_epoch AND expires_at > now();
        IF NOT FOUND THEN
            RETURN 'deposed';
        END IF;
    ELSIF p_by <> p_incarnation THEN
        PERFORM FROM leader_lease WHERE name = 'coordinator' AND expires_at > now();
        IF FOUND THEN
            RETURN 'leader_decides';
        END IF;
        PERFORM FROM drain_lease WHERE incarnation = p_incarnation AND expires_at > now();
        IF FOUND THEN
            RETURN 'draining';
        END IF;
    END IF;
    UPDATE worker_incarnation SET fenced_at = now(), fenced_reason = p_reason, fenced_by = p_by
    WHERE incarnation = p_incarnation AND fenced_at IS NULL;
    IF FOUND THEN
        RETURN 'fenced';
    END IF;
    PERFORM FROM worker_incarnation WHERE incarnation = p_incarnation;
    RETURN CASE WHEN FOUND THEN 'already' ELSE 'unknown' END;
END $$;

-- Ends what an incarnation still has open in Postgres, so that no lock of it outlives its fence.
CREATE FUNCTION end_backends(p_incarnation text) RETURNS integer LANGUAGE sql AS $$
    SELECT count(*)::integer FROM (
        SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE application_name = p_incarnation AND pid <> pg_backend_pid() AND datname = current_database()) e
$$;

-- ---- leadership ----

-- Takes or renews the lease. Null: somebody else holds it. The epoch rises whenever the holder changes, and also when
-- a holder comes back after its lease had run out: what it decided before that is void.
CREATE FUNCTION lead(p_name text, p_holder text, p_ttl interval) RETURNS bigint LANGUAGE sql AS $$
    INSERT INTO leader_lease AS l (name, holder, epoch, expires_at) VALUES (p_name, p_holder, 1, now() + p_ttl)
    ON CONFLICT (name) DO UPDATE SET
        holder = EXCLUDED.holder,
        epoch = CASE WHEN l.holder = EXCLUDED.holder AND l.expires_at > now() THEN l.epoch ELSE l.epoch + 1 END,
        expires_at = EXCLUDED.expires_at
    WHERE l.holder = EXCLUDED.holder OR l.expires_at <= now()
    RETURNING epoch
$$;
