-- Schedules: at each of its times a schedule makes one job. The leader fires them; a firing is a row that waits, which
-- its partition's owner starts like any other. Deadlines: what may not start any more, its partition's owner expires.

CREATE TABLE schedule (
    name           text PRIMARY KEY CHECK (name ~ '^[a-z0-9][a-z0-9._-]{0,99}$'),
    queue          text NOT NULL REFERENCES queue,
    type           text NOT NULL,
    job_key        text,
    payload        bytea NOT NULL,
    max_attempts   integer CHECK (max_attempts BETWEEN 1 AND 1000),
    deadline_after interval CHECK (deadline_after > interval '0'), -- counted from the time on the schedule
    cron           text NOT NULL,
    zone           text NOT NULL,
    missed         text NOT NULL DEFAULT 'once' CHECK (missed IN ('skip', 'once', 'all')),
    next_fire_at   timestamptz NOT NULL CHECK (isfinite(next_fire_at)), -- only ever moves on
    paused         boolean NOT NULL DEFAULT false,
    created_at     timestamptz NOT NULL DEFAULT now(),
    updated_at     timestamptz NOT NULL DEFAULT now()              -- by a person; a firing does not touch it
) WITH (fillfactor = 70);

CREATE TABLE schedule_firing (
    schedule text NOT NULL REFERENCES schedule ON DELETE CASCADE,
    fire_at  timestamptz NOT NULL,                                 -- the time on the schedule
    job_id   uuid NOT NULL,
    fired_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (schedule, fire_at)
);

COMMENT ON TABLE schedule_firing IS 'What schedules have made, for people: kept for 30 days. No decision rests on it.';

-- Fires what the leader has found due: the jobs, the record of them and the next time, all or nothing, per schedule.
-- Exactly once, whoever dies or calls twice: next_fire_at moves by compare-and-set, and the lease's row is held to the
-- end, so that no other coordinator leads meanwhile. updated_at is part of the comparison: what was decided about a
-- schedule that a person has changed since, or has deleted and made anew, is void.
-- Returns the index of each schedule that moved, from 1; nothing under an epoch that is not the leader's.
CREATE FUNCTION fire_schedules(
    p_epoch bigint,
    p_names text[], p_due timestamptz[], p_revisions timestamptz[], p_next timestamptz[],
    f_schedule integer[], f_fire_at timestamptz[], f_job_id uuid[], f_partition integer[], f_headers bytea[])
RETURNS SETOF integer LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    moved integer[];
BEGIN
    PERFORM FROM leader_lease WHERE name = 'coordinator' AND epoch = p_epoch AND expires_at > now() FOR SHARE;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    -- In name order, so that two calls with the same schedules can't deadlock.
    PERFORM FROM schedule s WHERE s.name = ANY (p_names) ORDER BY s.name FOR NO KEY UPDATE;

    WITH ahead AS (
        UPDATE schedule s SET next_fire_at = p.next
        FROM unnest(p_names, p_due, p_revisions, p_next) WITH ORDINALITY AS p (name, due, revision, next, ix)
        WHERE s.name = p.name AND s.next_fire_at = p.due AND s.updated_at = p.revision AND NOT s.paused
          AND p.next > p.due
        RETURNING p.ix::integer AS ix)
    SELECT coalesce(array_agg(ix ORDER BY ix), '{}') INTO moved FROM ahead;

    -- Due a microsecond apart, since what is due together takes its place in its key in no particular order. There is
    -- no record: the offset is -1. An unfinished job of that id can only be one that somebody submitted under it.
    INSERT INTO job_waiting (job_id, queue, partition, record_offset, state, due_at, type, order_key, max_failures,
        deadline, submitted_at, record_key, payload, headers)
    SELECT f.job_id, s.queue, f.partition, -1, 'scheduled', now() + f.ix * interval '1 microsecond', s.type,
        CASE WHEN q.ordering = 'key' THEN s.job_key END, s.max_attempts, f.fire_at + s.deadline_after, now(),
        convert_to(s.job_key, 'UTF8'), s.payload, f.headers
    FROM unnest(f_schedule, f_fire_at, f_job_id, f_partition, f_headers) WITH ORDINALITY
        AS f (schedule, fire_at, job_id, partition, headers, ix)
    JOIN schedule s ON s.name = p_names[f.schedule]
    JOIN queue q ON q.name = s.queue
    WHERE f.schedule = ANY (moved)
    ORDER BY f.job_id
    ON CONFLICT (job_id) DO NOTHING;

    INSERT INTO schedule_firing (schedule, fire_at, job_id)
    SELECT p_names[f.schedule], f.fire_at, f.job_id
    FROM unnest(f_schedule, f_fire_at, f_job_id) AS f (schedule, fire_at, job_id)
    WHERE f.schedule = ANY (moved)
    ON CONFLICT (schedule, fire_at) DO NOTHING;

    DELETE FROM schedule_firing f USING unnest(moved) AS m (ix)
    WHERE f.schedule = p_names[m.ix] AND f.fire_at < now() - interval '30 days';

    RETURN QUERY SELECT m.ix FROM unnest(moved) AS m (ix);
END $$;

-- ---- deadlines ----

-- Only rows that have one stand in it.
CREATE INDEX job_waiting_deadline ON job_waiting (queue, partition, deadline) WHERE deadline IS NOT NULL;

-- Closes what waits in my partitions and may not start any more, whatever it waits for: a retry, its key, a paused
-- queue. Guard (a). Whose call nobody knows the outcome of can't expire, it would never be repeated, nor closed: it
-- loses its deadline. Whoever stood first in a key names the next, as ever.
CREATE FUNCTION expire_waiting(
    p_incarnation text, p_queues text[], p_partitions integer[], p_epochs integer[], p_limit integer)
RETURNS void LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    late uuid[];
    keys text[];
    queues text[];
    ended uuid[];
BEGIN
    SELECT array_agg(l.job_id) INTO late FROM (
        SELECT w.job_id
        FROM owned(p_incarnation, p_queues, p_partitions, p_epochs) o
        CROSS JOIN LATERAL (SELECT x.job_id FROM job_waiting x
            WHERE x.queue = o.queue AND x.partition = o.partition AND x.deadline <= now()
            ORDER BY x.deadline LIMIT p_limit) w
        LIMIT p_limit) l;
    IF late IS NULL THEN
        RETURN;
    END IF;

    UPDATE job_waiting w SET deadline = NULL
    WHERE w.job_id = ANY (late)
      AND EXISTS (SELECT FROM job_intent i WHERE i.job_id = w.job_id AND i.closed_at IS NULL);

    WITH gone AS (
        DELETE FROM job_waiting w WHERE w.job_id = ANY (late) AND w.deadline IS NOT NULL RETURNING w.*),
    kept AS (
        INSERT INTO job_history (job_id, queue, partition, record_offset, type, order_key, key_position, state, reason,
            detail, attempt, failures, recoveries, incarnation, submitted_at, claimed_at)
        SELECT g.job_id, g.queue, g.partition, g.record_offset, g.type, g.order_key, g.key_position, 'expired',
            'its deadline was ' || to_char(g.deadline AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
            answered_calls(g.job_id), g.attempt, g.failures, g.recoveries, p_incarnation, g.submitted_at, g.claimed_at
        FROM gone g)
    SELECT array_agg(g.job_id), array_agg(g.queue) FILTER (WHERE g.key_position IS NOT NULL),
           array_agg(g.order_key) FILTER (WHERE g.key_position IS NOT NULL)
    INTO ended, queues, keys
    FROM gone g;
    PERFORM job_over(coalesce(ended, '{}'));

    IF keys IS NOT NULL THEN
        UPDATE job_waiting w SET due_at = now()
        FROM unnest(queues, keys) AS k (queue, order_key)
        CROSS JOIN LATERAL (SELECT n.job_id FROM job_waiting n
            WHERE n.queue = k.queue AND n.order_key = k.order_key AND n.key_position IS NOT NULL
            ORDER BY n.key_position LIMIT 1) next
        WHERE w.job_id = next.job_id AND w.state = 'parked' AND w.due_at > now();
    END IF;
END $$;
