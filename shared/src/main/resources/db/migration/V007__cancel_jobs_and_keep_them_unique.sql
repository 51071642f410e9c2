-- What may be asked of a job besides that it runs: that it is cancelled, that it is the only one of its kind, that people
-- see how far it is. These rows belong to unfinished jobs and go in the statement that ends theirs (job_over), so a crash
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
        RETURNING w.*, coalesce(c.reason, 'cancelled') AS why, wish_text(c) AS detail),
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
-- verdict: cancelled (it waited, and is final now) | running (whoever runs it is told) | unknown (a call of it has no
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
                RETURN 'cancelled';
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
