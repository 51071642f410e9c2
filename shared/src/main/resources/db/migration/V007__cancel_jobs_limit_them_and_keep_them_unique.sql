-- What may be asked of a job besides that it runs: that it is cancelled, that it is the only one of its kind, that not too
-- many like it run at once, that people see how far it is. These rows belong to unfinished jobs and go in the statement that ends theirs (job_over), so a crash
-- leaves none behind. Of jobs that use none of it the tables know nothing, and to ask an empty table costs next to nothing.

-- ---- cancellation ----

CREATE TABLE cancel_wish (
    job_id    uuid PRIMARY KEY,
    wished_by text NOT NULL,
    reason    text,
    wished_at timestamptz NOT NULL DEFAULT now()
);

COMMENT ON TABLE cancel_wish IS 'Wishes that are not carried out yet: of running jobs, of unknown ones, of jobs that are still in Kafka.';

-- For how long a wish waits for a job that nobody has seen.
CREATE FUNCTION wish_window() RETURNS interval LANGUAGE sql IMMUTABLE AS $$ SELECT interval '1 day' $$;

-- Who wished it, for the history.
CREATE FUNCTION wish_text(wish cancel_wish) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT 'cancelled by ' || wish.wished_by || coalesce(': ' || wish.reason, '')
$$;

-- The calls of a job that were answered, for the history: a job that is cancelled or expires may have done something before.
-- Null where none was.
CREATE FUNCTION answered_calls(p_job_id uuid) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT 'calls answered before: ' || string_agg(DISTINCT i.step, ', ' ORDER BY i.step)
    FROM job_intent i
    WHERE i.job_id = p_job_id AND i.answered
$$;

-- ---- uniqueness ----

CREATE TABLE job_unique (
    queue      text NOT NULL,
    unique_key text NOT NULL,
    job_id     uuid NOT NULL UNIQUE,
    PRIMARY KEY (queue, unique_key)
);

COMMENT ON TABLE job_unique IS 'The unfinished job of each unique key. Taken by its claim, freed by what ends it.';

-- ---- progress ----

CREATE TABLE job_progress (
    job_id  uuid PRIMARY KEY,
    attempt integer NOT NULL,
    percent integer NOT NULL CHECK (percent BETWEEN 0 AND 100),
    note    text,
    said_at timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 50);                           -- updated in place, once a second at most

-- ---- limits ----

-- How many jobs of a limit key run at once in the whole fleet. The exact key goes before the longest prefix, that before
-- the queue's default; a key that none of them names is not limited, and its jobs take no slots.
CREATE TABLE run_limit (
    kind text NOT NULL CHECK (kind IN ('key', 'prefix', 'queue')),
    name text NOT NULL,
    max  integer NOT NULL CHECK (max BETWEEN 0 AND 10000),
    PRIMARY KEY (kind, name)
);

-- The unfinished jobs that have a limit key. Those that wait for a slot have a turn.
CREATE TABLE limited_job (
    job_id    uuid PRIMARY KEY,
    limit_key text NOT NULL,
    turn      bigint
);

CREATE INDEX limited_job_turn ON limited_job (limit_key, turn) WHERE turn IS NOT NULL;
CREATE SEQUENCE limit_turn;

-- Who runs: the primary key is what holds the limit, whoever asks at the same time.
CREATE TABLE limit_slot (
    limit_key text NOT NULL,
    slot      integer NOT NULL,
    job_id    uuid NOT NULL UNIQUE,
    PRIMARY KEY (limit_key, slot)
);

-- Rows come and go with jobs: without this, an empty one is long to read.
DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['cancel_wish', 'job_unique', 'job_progress', 'limited_job', 'limit_slot'] LOOP
        EXECUTE format('ALTER TABLE %I SET (autovacuum_vacuum_scale_factor = 0.0, autovacuum_vacuum_threshold = 5000,
            autovacuum_vacuum_cost_delay = 0)', name);
    END LOOP;
END $$;

CREATE FUNCTION limit_of(p_key text, p_queue text) RETURNS integer LANGUAGE sql STABLE AS $$
    SELECT l.max FROM run_limit l
    WHERE (l.kind = 'key' AND l.name = p_key) OR (l.kind = 'prefix' AND starts_with(p_key, l.name))
       OR (l.kind = 'queue' AND l.name = p_queue)
    ORDER BY CASE l.kind WHEN 'key' THEN 0 WHEN 'prefix' THEN 1 ELSE 2 END, length(l.name) DESC
    LIMIT 1
$$;

-- How long until a job without a slot asks again although nobody woke it: the first of its key often, since whoever
-- frees a slot may be another worker; who is near the front, as one before it may never come to ask; the rest hardly ever.
-- rank: null for the rest; capped: there was room for more than were looked at.
CREATE FUNCTION limit_recheck(rank bigint, capped boolean) RETURNS interval LANGUAGE sql AS $$
    SELECT CASE WHEN rank = 1 THEN interval '250 ms' WHEN capped THEN interval '1 s' WHEN rank IS NOT NULL THEN interval '5 s'
        ELSE interval '5 min' END * (0.9 + 0.2 * random())
$$;

-- Takes slots for those of the waiting jobs whose limit key has a limit, the longest waiting of each key first, and never
-- before one that waits longer elsewhere. Gives back who may start; the others are put off. The caller holds the lock of
-- their partitions.
CREATE FUNCTION with_slots(p_job_ids uuid[]) RETURNS uuid[] LANGUAGE plpgsql AS $$
DECLARE
    cap constant integer := 300; -- of starts of one key at once; whoever comes after asks again soon
    asking uuid[];
    lost uuid[];
    used text[];
BEGIN
    SELECT array_agg(i.job_id ORDER BY i.nth) INTO asking
    FROM unnest(p_job_ids) WITH ORDINALITY AS i (job_id, nth)
    JOIN limited_job l ON l.job_id = i.job_id
    JOIN job_waiting w ON w.job_id = i.job_id
    WHERE limit_of(l.limit_key, w.queue) IS NOT NULL;
    IF asking IS NULL THEN
        RETURN p_job_ids;
    END IF;

    UPDATE limited_job l SET turn = n.turn
    FROM (SELECT o.job_id, nextval('limit_turn') AS turn
          FROM (SELECT i.job_id FROM unnest(asking) WITH ORDINALITY AS i (job_id, nth) ORDER BY i.nth) o) n
    WHERE l.job_id = n.job_id AND l.turn IS NULL;

    -- A slot's number is free if nobody is seen to have it. Who takes the same at the same time is told by the key.
    WITH asked AS MATERIALIZED (
        SELECT l.job_id, l.limit_key, limit_of(l.limit_key, w.queue) AS max
        FROM limited_job l JOIN job_waiting w ON w.job_id = l.job_id
        WHERE l.job_id = ANY (asking)),
    keys AS MATERIALIZED (
        SELECT a.limit_key, max(a.max) AS max FROM asked a GROUP BY a.limit_key),
    room AS MATERIALIZED (
        SELECT k.limit_key, f.slot, row_number() OVER (PARTITION BY k.limit_key ORDER BY f.slot) AS nth
        FROM keys k
        CROSS JOIN LATERAL (
            SELECT g AS slot
            FROM generate_series(1, least(k.max, cap + (SELECT count(*) FROM limit_slot s WHERE s.limit_key = k.limit_key)))
                g
            WHERE NOT EXISTS (SELECT FROM limit_slot s WHERE s.limit_key = k.limit_key AND s.slot = g)
            ORDER BY g LIMIT cap) f),
    front AS MATERIALIZED (
        SELECT f.job_id, row_number() OVER (PARTITION BY k.limit_key ORDER BY f.turn) AS rank
        FROM keys k
        CROSS JOIN LATERAL (
            SELECT o.job_id, o.turn
            FROM limited_job o
            JOIN job_waiting w ON w.job_id = o.job_id
            JOIN queue q ON q.name = w.queue AND NOT q.paused
            WHERE o.limit_key = k.limit_key AND o.turn IS NOT NULL
            ORDER BY o.turn
            LIMIT greatest(16, (SELECT count(*) FROM room m WHERE m.limit_key = k.limit_key))) f),
    taken AS (
        INSERT INTO limit_slot (limit_key, slot, job_id)
        SELECT a.limit_key, m.slot, a.job_id
        FROM asked a
        JOIN front f ON f.job_id = a.job_id
        JOIN room m ON m.limit_key = a.limit_key AND m.nth = f.rank AND m.slot <= a.max
        ORDER BY a.limit_key, m.slot
        ON CONFLICT DO NOTHING
        RETURNING job_id, limit_key),
    off_turn AS (
        UPDATE limited_job l SET turn = NULL FROM taken t WHERE l.job_id = t.job_id),
    put_off AS (
        UPDATE job_waiting w SET state = CASE w.state WHEN 'unknown' THEN 'unknown' ELSE 'parked' END,
            reason = 'waits for a slot of its limit',
            due_at = now() + limit_recheck(f.rank, (SELECT count(*) FROM room m WHERE m.limit_key = a.limit_key) = cap)
        FROM asked a LEFT JOIN front f ON f.job_id = a.job_id
        WHERE w.job_id = a.job_id AND NOT EXISTS (SELECT FROM taken t WHERE t.job_id = a.job_id)
        RETURNING w.job_id)
    SELECT ARRAY(SELECT p.job_id FROM put_off p), ARRAY(SELECT DISTINCT t.limit_key FROM taken t) INTO lost, used;
    PERFORM wake_limited(used); -- there is a new first

    RETURN ARRAY(SELECT i FROM unnest(p_job_ids) i WHERE NOT i = ANY (lost));
END $$;

-- Has those that wait for a slot of these keys looked at for whom there is room now, and the first of them soon in any
-- case. Rows that somebody has locked are being looked at.
CREATE FUNCTION wake_limited(p_keys text[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    WITH front AS (
        SELECT n.job_id, now() + CASE WHEN n.rank <= n.max - t.taken THEN interval '0' ELSE limit_recheck(1, false) END AS at
        FROM (SELECT DISTINCT k FROM unnest(p_keys) k) f
        CROSS JOIN LATERAL (SELECT count(*) AS taken FROM limit_slot s WHERE s.limit_key = f.k) t
        CROSS JOIN LATERAL (
            SELECT m.job_id, limit_of(f.k, m.queue) AS max, row_number() OVER (ORDER BY m.turn) AS rank
            FROM (
                SELECT x.job_id, x.queue, l.turn FROM limited_job l
                JOIN job_waiting x ON x.job_id = l.job_id
                JOIN queue q ON q.name = x.queue AND NOT q.paused
                WHERE l.limit_key = f.k AND l.turn IS NOT NULL
                ORDER BY l.turn
                LIMIT 64) m) n
        WHERE n.rank <= greatest(1, n.max - t.taken)),
    free AS (
        SELECT x.job_id, f.at FROM front f JOIN job_waiting x ON x.job_id = f.job_id
        WHERE x.due_at > f.at
        FOR NO KEY UPDATE OF x SKIP LOCKED)
    UPDATE job_waiting w SET due_at = f.at FROM free f WHERE w.job_id = f.job_id;
END $$;

-- Sets a limit, or with null takes it away; who waits is looked at now.
CREATE FUNCTION set_limit(p_kind text, p_name text, p_max integer) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF p_max IS NULL THEN
        DELETE FROM run_limit l WHERE l.kind = p_kind AND l.name = p_name;
    ELSE
        INSERT INTO run_limit (kind, name, max) VALUES (p_kind, p_name, p_max)
        ON CONFLICT (kind, name) DO UPDATE SET max = EXCLUDED.max;
    END IF;
    UPDATE job_waiting w SET due_at = now()
    WHERE w.job_id = ANY (ARRAY(
        SELECT x.job_id FROM limited_job l JOIN job_waiting x ON x.job_id = l.job_id
        WHERE l.turn IS NOT NULL
          AND (p_kind = 'queue' AND x.queue = p_name OR p_kind <> 'queue' AND starts_with(l.limit_key, p_name))
        FOR NO KEY UPDATE OF x SKIP LOCKED)); -- who is locked is being looked at
END $$;

-- ---- the end of jobs ----

-- Lets go of what belongs to jobs that are final now.
CREATE FUNCTION job_over(p_job_ids uuid[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM cancel_wish) THEN
        DELETE FROM cancel_wish c WHERE c.job_id = ANY (p_job_ids);
    END IF;
    IF EXISTS (SELECT FROM job_unique) THEN
        DELETE FROM job_unique u WHERE u.job_id = ANY (p_job_ids);
    END IF;
    IF EXISTS (SELECT FROM job_progress) THEN
        DELETE FROM job_progress p WHERE p.job_id = ANY (p_job_ids);
    END IF;
    IF EXISTS (SELECT FROM limited_job) THEN
        DELETE FROM limited_job l WHERE l.job_id = ANY (p_job_ids);
    END IF;
END $$;

-- Ends those of the given waiting jobs that somebody wishes cancelled. One whose call may have been made stays: its
-- answer has to be had first. The caller holds the lock of their partitions, or has made the rows itself.
-- Whoever follows in a key is looked at now.
CREATE FUNCTION cancel_waiting(p_job_ids uuid[]) RETURNS SETOF uuid LANGUAGE plpgsql AS $$
DECLARE
    ended uuid[];
BEGIN
    WITH gone AS (
        DELETE FROM job_waiting w USING cancel_wish c
        WHERE w.job_id = ANY (p_job_ids) AND c.job_id = w.job_id AND w.state <> 'unknown'
          AND NOT EXISTS (SELECT FROM job_intent i WHERE i.job_id = w.job_id AND i.closed_at IS NULL)
        RETURNING w.*, coalesce(c.reason, 'cancelled') AS why,
            concat_ws('; ', wish_text(c), answered_calls(w.job_id)) AS detail),
    kept AS (
        INSERT INTO job_history (job_id, queue, partition, record_offset, type, order_key, key_position, state, reason,
            detail, attempt, failures, recoveries, submitted_at, claimed_at)
        SELECT g.job_id, g.queue, g.partition, g.record_offset, g.type, g.order_key, g.key_position, 'cancelled', g.why,
            g.detail, g.attempt, g.failures, g.recoveries, g.submitted_at, g.claimed_at
        FROM gone g
        RETURNING job_id)
    SELECT array_agg(k.job_id) INTO ended FROM kept k;
    IF ended IS NULL THEN
        RETURN;
    END IF;
    PERFORM job_over(ended);

    UPDATE job_waiting w SET due_at = now()
    FROM job_history h
    CROSS JOIN LATERAL (SELECT n.job_id FROM job_waiting n
        WHERE n.queue = h.queue AND n.order_key = h.order_key AND n.key_position IS NOT NULL
        ORDER BY n.key_position LIMIT 1) next
    WHERE h.job_id = ANY (ended) AND h.key_position IS NOT NULL AND h.settled_at >= now() - interval '1 second'
      AND w.job_id = next.job_id AND w.state = 'parked';

    RETURN QUERY SELECT unnest(ended);
END $$;

-- Somebody wishes a job to be cancelled. Locks as the protocol orders them: the partition, then the job.
-- verdict: cancelled (it waited, and is final now) | cancelled_after_calls (the same, but calls of it were answered) | running (whoever runs it is told) | unknown (a call of it has no
-- answer; it ends when it has one) | ahead (nobody has seen it; it is cancelled if it comes within wish_window()) |
-- final (too late, or over already).
CREATE FUNCTION cancel(p_job_id uuid, p_by text, p_reason text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    place record;
    verdict text;
BEGIN
    -- Wishes for jobs that never came.
    DELETE FROM cancel_wish WHERE ctid = ANY (ARRAY(
        SELECT c.ctid FROM cancel_wish c
        WHERE c.wished_at < now() - wish_window()
          AND NOT EXISTS (SELECT FROM job_running r WHERE r.job_id = c.job_id)
          AND NOT EXISTS (SELECT FROM job_waiting w WHERE w.job_id = c.job_id)
        FOR UPDATE OF c SKIP LOCKED));

    INSERT INTO cancel_wish (job_id, wished_by, reason) VALUES (p_job_id, p_by, p_reason) ON CONFLICT DO NOTHING;

    -- It may move from one table to the other while it is looked for.
    FOR attempt IN 1..10 LOOP
        SELECT w.queue, w.partition INTO place FROM job_waiting w WHERE w.job_id = p_job_id;
        IF FOUND THEN
            PERFORM FROM partition_owner po WHERE po.queue = place.queue AND po.partition = place.partition
                FOR NO KEY UPDATE;
            PERFORM cancel_waiting(ARRAY[p_job_id]);
            IF FOUND THEN
                RETURN CASE WHEN answered_calls(p_job_id) IS NULL THEN 'cancelled' ELSE 'cancelled_after_calls' END;
            END IF;
            PERFORM FROM job_waiting w WHERE w.job_id = p_job_id;
            IF FOUND THEN
                RETURN 'unknown';
            END IF;
        END IF;

        -- Held against the settle that would end its run: that one sees the wish, as it comes after this.
        PERFORM FROM job_running r WHERE r.job_id = p_job_id FOR KEY SHARE;
        IF FOUND THEN
            RETURN 'running';
        END IF;

        SELECT CASE
            WHEN EXISTS (SELECT FROM job_waiting w WHERE w.job_id = p_job_id) THEN NULL
            WHEN EXISTS (SELECT FROM job_running r WHERE r.job_id = p_job_id) THEN NULL
            WHEN EXISTS (SELECT FROM job_history h WHERE h.job_id = p_job_id) THEN 'final'
            ELSE 'ahead' END INTO verdict;
        IF verdict = 'final' THEN
            DELETE FROM cancel_wish c WHERE c.job_id = p_job_id;
        END IF;
        IF verdict IS NOT NULL THEN
            RETURN verdict;
        END IF;
    END LOOP;
    RETURN 'running'; -- it starts and ends faster than it can be looked at; the wish stands
END $$;
