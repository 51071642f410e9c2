-- Jobs that may have killed their worker. A death that nobody asked for is judged by the leader in the statement that
-- fences the dead; whoever owns a suspect's partition then parks its row, lends it to the quarantine worker when the
-- leader says so, or buries it. Nothing here is asked of a job that was never in flight in such a death.

CREATE TABLE suspect (
    job_id   uuid PRIMARY KEY,
    pool     text NOT NULL,
    attempt  integer NOT NULL,                      -- its last run that was cut short: one more, and it has survived
    standing text NOT NULL CHECK (standing IN ('noted', 'suspected', 'convicted')),
    deaths   integer NOT NULL CHECK (deaths > 0),   -- in a row, in which it was in flight
    weight   integer NOT NULL CHECK (weight >= 0),  -- of those among them in which it was alone in quarantine
    company  integer NOT NULL CHECK (company >= 0), -- how many were in flight in the last one there; 0: none yet
    died     text[] NOT NULL,                       -- the incarnations
    ending   text NOT NULL,                         -- how the last one ended
    since    timestamptz NOT NULL DEFAULT now(),    -- its standing
    lend_to  text,                                  -- who may start it
    lent_at  timestamptz,
    holds_key boolean NOT NULL DEFAULT false        -- its handler's word, kept for when an operator buries it
);

COMMENT ON TABLE suspect IS 'Unfinished jobs that were in flight when a worker ended by itself. Rows of others are swept.';

-- For how long a suspect waits for a quarantine worker when no coordinator is there to start one.
CREATE FUNCTION suspect_patience() RETURNS interval LANGUAGE sql IMMUTABLE AS $$ SELECT interval '1 minute' $$;

-- True if what is said of a job holds for this run of it: it was cut short, or is the next one, and under way.
CREATE FUNCTION is_suspected(p_job_id uuid, p_attempt integer) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT EXISTS (SELECT FROM suspect s WHERE s.job_id = p_job_id AND s.standing <> 'noted'
        AND p_attempt IN (s.attempt, s.attempt + 1))
$$;

-- ---- judging ----

-- Fences as `fence` does, under the leader's epoch, and with it writes down what the death says about the jobs that were
-- in flight: both or neither, so an owner that sees the fence knows whom to spare. Nothing is written when somebody else
-- has fenced it before. A summary makes an incident.
CREATE FUNCTION fence_death(
    p_incarnation text, p_reason text, p_by text, p_epoch bigint, p_pool text, p_ending text,
    s_job_ids uuid[], s_attempts integer[], s_standings text[], s_deaths integer[], s_weights integer[],
    s_companies integer[], s_summaries text[])
RETURNS text LANGUAGE plpgsql SET lock_timeout = '200ms' AS $$
DECLARE
    verdict text := fence(p_incarnation, p_reason, p_by, p_epoch);
BEGIN
    IF verdict <> 'fenced' THEN
        RETURN verdict;
    END IF;
    INSERT INTO suspect AS s (job_id, pool, attempt, standing, deaths, weight, company, died, ending)
    SELECT v.job_id, p_pool, v.attempt, v.standing, v.deaths, v.weight, v.company, ARRAY[p_incarnation], p_ending
    FROM unnest(s_job_ids, s_attempts, s_standings, s_deaths, s_weights, s_companies)
        AS v (job_id, attempt, standing, deaths, weight, company)
    ORDER BY v.job_id
    ON CONFLICT (job_id) DO UPDATE SET
        pool = EXCLUDED.pool, attempt = EXCLUDED.attempt, deaths = EXCLUDED.deaths, weight = EXCLUDED.weight,
        company = EXCLUDED.company, ending = EXCLUDED.ending, lend_to = NULL, lent_at = NULL,
        died = CASE WHEN EXCLUDED.deaths = 1 THEN EXCLUDED.died ELSE s.died || EXCLUDED.died END,
        since = CASE WHEN s.standing = EXCLUDED.standing THEN s.since ELSE now() END,
        standing = EXCLUDED.standing;
    INSERT INTO incident (kind, subject, summary, detail, epoch)
    SELECT 'job_convicted', s.job_id::text, v.summary,
        jsonb_build_object('workers', s.died, 'ending', s.ending, 'pool', s.pool), p_epoch
    FROM unnest(s_job_ids, s_summaries) AS v (job_id, summary)
    JOIN suspect s ON s.job_id = v.job_id
    WHERE v.summary IS NOT NULL;
    RETURN verdict;
END $$;

-- ---- after a death ----

-- Of the running rows of fenced incarnations in my partitions, those of suspects wait for quarantine, and those of the
-- convicted are dead; one whose call has no answer can't be, and is held as unknown for an operator. Each keeps its place
-- in its key. Called by `adopt`, which takes the others. Guard (a) by `owned`. p_holding: as in `settle`.
CREATE FUNCTION set_aside(
    p_incarnation text, p_queues text[], p_partitions integer[], p_epochs integer[], p_holding text[])
RETURNS void LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    aside uuid[];
    buried uuid[];
    freed text[];
BEGIN
    WITH mine AS MATERIALIZED (
        SELECT r.*, s.standing, s.deaths, s.died, s.ending,
            s.standing = 'convicted' AND NOT EXISTS (SELECT FROM job_intent i
                WHERE i.job_id = r.job_id AND i.closed_at IS NULL) AS is_over
        FROM owned(p_incarnation, p_queues, p_partitions, p_epochs) o
        JOIN job_running r ON r.queue = o.queue AND r.partition = o.partition
        JOIN worker_incarnation w ON w.incarnation = r.incarnation
        JOIN suspect s ON s.job_id = r.job_id AND r.attempt IN (s.attempt, s.attempt + 1) AND s.standing <> 'noted'
        WHERE r.incarnation <> p_incarnation AND w.fenced_at IS NOT NULL
        ORDER BY r.job_id
        FOR UPDATE OF r SKIP LOCKED),
    gone AS (
        DELETE FROM job_running r USING mine m WHERE r.job_id = m.job_id),
    noted AS (
        INSERT INTO job_attempt (job_id, queue, type, attempt, incarnation, outcome, reason, detail, started_at, entered_at)
        SELECT m.job_id, m.queue, m.type, m.attempt, m.incarnation, 'interrupted', 'its worker died', m.ending,
            m.started_at, m.entered_at
        FROM mine m WHERE NOT m.is_over),
    dead AS (
        INSERT INTO job_history (job_id, queue, partition, record_offset, type, order_key, key_position, state, reason,
            detail, attempt, failures, recoveries, incarnation, submitted_at, claimed_at, started_at, entered_at,
            record_key, payload, headers)
        SELECT m.job_id, m.queue, m.partition, m.record_offset, m.type, m.order_key, m.key_position, 'dead',
            'killed its worker ' || m.deaths || ' times, alone in quarantine',
            m.ending || '; in flight when these ended: ' || array_to_string(m.died, ', '), m.attempt, m.failures,
            m.recoveries + 1, m.incarnation, m.submitted_at, m.claimed_at, m.started_at, m.entered_at, m.record_key,
            m.payload, m.headers
        FROM mine m WHERE m.is_over),
    kept AS (
        INSERT INTO job_waiting (job_id, queue, partition, record_offset, state, due_at, reason, attempt, type, order_key,
            key_position, failures, recoveries, max_failures, deadline, submitted_at, claimed_at, record_key, payload,
            headers)
        SELECT m.job_id, m.queue, m.partition, m.record_offset,
            CASE m.standing WHEN 'convicted' THEN 'unknown' ELSE 'parked' END,
            CASE m.standing WHEN 'convicted' THEN 'infinity' ELSE now() END,
            CASE m.standing WHEN 'convicted' THEN 'killed its worker ' || m.deaths || ' times, alone in quarantine; a call '
                'of it has no answer, so it is held for an operator'
                ELSE 'suspected of killing its worker; waits for quarantine' END,
            m.attempt, m.type, m.order_key, m.key_position, m.failures, m.recoveries + 1, m.max_failures,
            CASE WHEN m.standing <> 'convicted' THEN m.deadline END, m.submitted_at, m.claimed_at, m.record_key, m.payload,
            m.headers
        FROM mine m WHERE NOT m.is_over),
    chained AS (
        UPDATE suspect s SET attempt = m.attempt, lend_to = NULL, lent_at = NULL, holds_key = m.type = ANY (p_holding)
        FROM mine m WHERE s.job_id = m.job_id AND NOT m.is_over)
    SELECT array_agg(m.job_id), array_agg(m.job_id) FILTER (WHERE m.is_over) INTO aside, buried FROM mine m;
    IF aside IS NULL THEN
        RETURN;
    END IF;
    IF buried IS NOT NULL THEN
        DELETE FROM suspect s WHERE s.job_id = ANY (buried); -- redriven, it begins with a clean sheet
        PERFORM hold_keys(buried, p_holding);
        PERFORM job_over(buried);
        PERFORM wake_followers(buried);
    END IF;
    WITH left_behind AS (
        DELETE FROM limit_slot l WHERE l.job_id = ANY (aside) RETURNING l.limit_key)
    SELECT array_agg(l.limit_key) INTO freed FROM left_behind l;
    IF freed IS NOT NULL THEN
        PERFORM wake_limited(freed, 0);
    END IF;
END $$;

-- Has the next in the keys of jobs looked at that have just become final.
CREATE FUNCTION wake_followers(p_job_ids uuid[]) RETURNS void LANGUAGE sql AS $$
    UPDATE job_waiting w SET due_at = now()
    FROM job_history h
    CROSS JOIN LATERAL (SELECT n.job_id FROM job_waiting n
        WHERE n.queue = h.queue AND n.order_key = h.order_key AND n.key_position IS NOT NULL
        ORDER BY n.key_position LIMIT 1) next
    WHERE h.job_id = ANY (p_job_ids) AND h.key_position IS NOT NULL AND h.settled_at >= now() - interval '1 second'
      AND w.job_id = next.job_id AND w.state = 'parked'
      AND NOT EXISTS (SELECT FROM key_hold k WHERE k.queue = h.queue AND k.order_key = h.order_key)
$$;

-- ---- lending ----

-- Of jobs that are about to start, takes the suspects out, and gives back the others. A suspect starts under the
-- incarnation that it is to be lent to, or looks again soon. The caller holds the lock of their partitions and has looked
-- whether their keys are free. Where no coordinator is there to start a quarantine worker, it runs here after a while:
-- better a worker at risk than a key that never moves.
CREATE FUNCTION lend(p_job_ids uuid[]) RETURNS uuid[] LANGUAGE plpgsql AS $$
DECLARE
    spared uuid[];
    handed uuid[] := '{}';
    ready record;
BEGIN
    IF NOT EXISTS (SELECT FROM leader_lease l WHERE l.name = 'coordinator' AND l.expires_at > now()) THEN
        UPDATE suspect s SET standing = 'noted', deaths = 2, weight = 0, company = 0, since = now(), lend_to = NULL
        WHERE s.job_id = ANY (p_job_ids) AND s.standing = 'suspected' AND s.since < now() - suspect_patience();
    END IF;

    SELECT coalesce(array_agg(s.job_id), '{}') INTO spared
    FROM suspect s JOIN job_waiting w ON w.job_id = s.job_id AND w.attempt = s.attempt
    WHERE s.job_id = ANY (p_job_ids) AND s.standing <> 'noted';

    -- Whether it still lives is only looked at: a row lent to one that is fenced this moment is adopted like any other.
    FOR ready IN
        SELECT s.lend_to AS borrower, array_agg(s.job_id) AS job_ids
        FROM suspect s JOIN worker_incarnation i ON i.incarnation = s.lend_to AND i.fenced_at IS NULL
        WHERE s.job_id = ANY (spared) AND s.standing = 'suspected'
        GROUP BY s.lend_to
    LOOP
        PERFORM start_waiting(ready.borrower, ready.job_ids);
        handed := handed || ready.job_ids; -- also one that got no slot of its limit, or was to be cancelled
    END LOOP;

    UPDATE job_waiting w SET
        state = CASE w.state WHEN 'unknown' THEN 'unknown' ELSE 'parked' END,
        reason = CASE s.standing WHEN 'convicted' THEN w.reason ELSE 'suspected of killing its worker; waits for quarantine' END,
        due_at = CASE s.standing WHEN 'convicted' THEN 'infinity'
            ELSE now() + interval '250 ms' * (0.9 + 0.2 * random()) END
    FROM suspect s
    WHERE s.job_id = ANY (spared) AND NOT s.job_id = ANY (handed) AND w.job_id = s.job_id;

    RETURN ARRAY(SELECT i FROM unnest(p_job_ids) i WHERE NOT i = ANY (spared));
END $$;

-- The leader says whom an owner may lend to which incarnation.
CREATE FUNCTION lend_suspects(p_job_ids uuid[], p_to text, p_epoch bigint) RETURNS void LANGUAGE sql AS $$
    UPDATE suspect s SET lend_to = p_to, lent_at = now()
    WHERE s.job_id = ANY (p_job_ids) AND s.standing = 'suspected' AND leads(p_epoch)
$$;

-- The leader has no quarantine worker for them: they run like others again, until they are in flight in another death.
CREATE FUNCTION release_suspects(p_job_ids uuid[], p_epoch bigint) RETURNS void LANGUAGE sql AS $$
    UPDATE suspect s
    SET standing = 'noted', deaths = 2, weight = 0, company = 0, since = now(), lend_to = NULL, lent_at = NULL
    WHERE s.job_id = ANY (p_job_ids) AND s.standing = 'suspected' AND leads(p_epoch)
$$;

-- Forgets what is said of jobs that have survived: their run ended in another way than with its worker.
CREATE FUNCTION sweep_suspects(p_epoch bigint) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    removed bigint;
BEGIN
    DELETE FROM suspect s
    WHERE leads(p_epoch)
      AND NOT EXISTS (SELECT FROM job_running r WHERE r.job_id = s.job_id AND r.attempt IN (s.attempt, s.attempt + 1))
      AND NOT EXISTS (SELECT FROM job_waiting w WHERE w.job_id = s.job_id AND w.attempt = s.attempt);
    GET DIAGNOSTICS removed = ROW_COUNT;
    RETURN removed;
END $$;

-- ---- what an operator decides about one that is held ----

-- p_happened: what came of its open call, as the operator has found out; null: it is to run once more, alone, under the
-- same key. Else the call counts as answered and the job is dead, with that in its detail; a redrive goes on from there.
-- verdict: released | buried | not_held.
CREATE FUNCTION decide_held(p_job_id uuid, p_by text, p_happened text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    place record;
    holding text[];
BEGIN
    SELECT w.queue, w.partition INTO place FROM job_waiting w WHERE w.job_id = p_job_id;
    IF NOT FOUND THEN
        RETURN 'not_held';
    END IF;
    PERFORM FROM partition_owner po WHERE po.queue = place.queue AND po.partition = place.partition FOR NO KEY UPDATE;
    SELECT CASE WHEN s.holds_key THEN ARRAY[w.type] ELSE '{}' END INTO holding
    FROM suspect s JOIN job_waiting w ON w.job_id = s.job_id AND w.attempt = s.attempt
    WHERE s.job_id = p_job_id AND s.standing = 'convicted' FOR UPDATE OF s;
    IF NOT FOUND THEN
        RETURN 'not_held';
    END IF;
    IF p_happened IS NULL THEN
        UPDATE suspect s SET standing = 'suspected', weight = 0, company = 1, since = now(), lend_to = NULL
        WHERE s.job_id = p_job_id;
        UPDATE job_waiting w SET due_at = now() WHERE w.job_id = p_job_id;
        RETURN 'released';
    END IF;
    UPDATE job_intent i SET closed_at = now(), answered = true WHERE i.job_id = p_job_id AND i.closed_at IS NULL;
    WITH gone AS (
        DELETE FROM job_waiting w WHERE w.job_id = p_job_id RETURNING w.*)
    INSERT INTO job_history (job_id, queue, partition, record_offset, type, order_key, key_position, state, reason, detail,
        attempt, failures, recoveries, submitted_at, claimed_at, record_key, payload, headers)
    SELECT g.job_id, g.queue, g.partition, g.record_offset, g.type, g.order_key, g.key_position, 'dead',
        split_part(g.reason, ';', 1), 'decided by ' || p_by || ': ' || p_happened, g.attempt, g.failures, g.recoveries,
        g.submitted_at, g.claimed_at, g.record_key, g.payload, g.headers
    FROM gone g;
    DELETE FROM suspect s WHERE s.job_id = p_job_id;
    PERFORM hold_keys(ARRAY[p_job_id], holding);
    PERFORM job_over(ARRAY[p_job_id]);
    PERFORM wake_followers(ARRAY[p_job_id]);
    RETURN 'buried';
END $$;

DO $$
BEGIN
    ALTER TABLE suspect SET (autovacuum_vacuum_scale_factor = 0.0, autovacuum_vacuum_threshold = 5000,
        autovacuum_vacuum_cost_delay = 0);
END $$;
