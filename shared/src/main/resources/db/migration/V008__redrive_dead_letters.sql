-- Dead letters: jobs that used up their budget, and records that never were jobs, as they stand in the history. They are
-- grouped by what they died of, and redriven: a redrive is a row among the waiting ones, which the partition's owner finds
-- when it is due, like any scheduled job.

-- What a job died of, without what differs from one to the next: the class and the first line of its exception, else its
-- reason, with quoted text, UUIDs and every word that has a digit replaced by a question mark. By the rules of the C
-- locale, so that it means the same in every database.
CREATE FUNCTION dead_cause(p_reason text, p_detail text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT regexp_replace(regexp_replace(regexp_replace(regexp_replace(
        CASE WHEN line = '' THEN word
             WHEN word = '' OR line ~ '^[A-Za-z_$][\w$]*(\.[A-Za-z_$][\w$]*)+(:|$)' THEN line
             ELSE word || ': ' || line END,
        '"[^"]*"|`[^`]*`|(?<!\w)''[^'']*''(?!\w)', '?', 'g'),
        '[0-9a-fA-F]{8}-([0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}', '?', 'g'),
        '\w*\d\w*', '?', 'g'),
        '\?([-.:,+/]+\?)+', '?', 'g')
    FROM (SELECT left(split_part(coalesce(p_reason, ''), E'\n', 1), 300) COLLATE "C" AS word,
                 left(split_part(coalesce(p_detail, ''), E'\n', 1), 300) COLLATE "C" AS line) t
$$;

-- Jobs of one type that died of the same have the same one: 16 hexadecimal digits.
CREATE FUNCTION dead_fingerprint(p_type text, p_reason text, p_detail text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT lpad(to_hex(hashtextextended((p_type || E'\n' || dead_cause(p_reason, p_detail)) COLLATE "C", 0)), 16, '0')
$$;

-- Of dead jobs only: for any other the row is as long as before, and no index has an entry for it.
ALTER TABLE job_history ADD COLUMN fingerprint text
    GENERATED ALWAYS AS (CASE WHEN state = 'dead' THEN dead_fingerprint(type, reason, detail) END) STORED;
CREATE INDEX job_history_dead ON job_history (fingerprint, settled_at) WHERE fingerprint IS NOT NULL;

CREATE TABLE redrive (
    seq              bigint PRIMARY KEY,          -- with xid the row of the history: each is redriven at most once
    xid              xid8 NOT NULL,
    job_id           uuid NOT NULL,
    redriven_as      uuid NOT NULL,               -- the same job; another id where the record was none when it came
    batch            uuid NOT NULL,               -- of one command
    redriven_by      text NOT NULL,
    redriven_at      timestamptz NOT NULL DEFAULT now(),
    due_at           timestamptz NOT NULL,
    key_version      integer NOT NULL CHECK (key_version > 0),  -- of the idempotency keys of its calls from then on
    original_payload bytea                        -- of one that was edited; else it runs with what it died with
);

CREATE INDEX redrive_job ON redrive (redriven_as);

-- The dead letters that nobody has redriven.
CREATE VIEW dead_letter AS
SELECT h.*, (SELECT count(*)::integer FROM redrive d WHERE d.redriven_as = h.job_id) AS redrives
FROM job_history h
WHERE h.fingerprint IS NOT NULL AND NOT EXISTS (SELECT FROM redrive d WHERE d.seq = h.seq);

CREATE TYPE redrive_letter AS (
    ix           integer,
    job_id       uuid,
    seq          bigint,
    target       uuid,        -- the job it becomes
    due_at       timestamptz,
    max_failures integer,
    deadline     timestamptz,
    type         text,        -- these three of a record that was no job when it came, else null
    order_key    text,
    payload_hash bytea,
    payload      bytea,       -- what it is to run with instead; null: as it came
    identity     bytea,       -- of a job: the hash by which its submission is recognised
    unique_key   text,
    limit_key    text
);

-- What would become of letters now. Writes nothing.
-- verdict: redriven | not_unique (an unfinished job has its unique key) | already (somebody did) | gone (no such dead letter any more) | unfinished (a job of that id waits or
-- runs) | superseded (a job of that id became final later) | duplicate (the record was submitted again and is known) |
-- identity_conflict (its id belongs to another payload) | past_deadline | too_often | open_call (nobody knows what a call
-- came to: it can't be edited) | answered_call (a call was answered: edited, it would be made again under a new key).
CREATE FUNCTION judge_redrive(p_letters redrive_letter[], p_limit integer, p_force boolean, p_nothing_happened boolean)
RETURNS TABLE (ix integer, verdict text) LANGUAGE sql STABLE AS $$
    SELECT l.ix, CASE
        WHEN h.seq IS NULL THEN 'gone'
        WHEN EXISTS (SELECT FROM redrive d WHERE d.seq = l.seq) THEN 'already'
        WHEN l.nth > 1
          OR EXISTS (SELECT FROM job_running r WHERE r.job_id = l.target)
          OR EXISTS (SELECT FROM job_waiting w WHERE w.job_id = l.target) THEN 'unfinished'
        WHEN EXISTS (SELECT FROM job_history n WHERE n.job_id = l.target AND n.seq <> l.seq
              AND (l.target <> l.job_id OR (n.settled_at, n.seq) > (h.settled_at, h.seq))) THEN 'superseded'
        WHEN l.payload_hash IS NOT NULL AND i.payload_hash = l.payload_hash THEN 'duplicate'
        WHEN l.payload_hash IS NOT NULL AND i.payload_hash <> l.payload_hash THEN 'identity_conflict'
        WHEN EXISTS (SELECT FROM job_unique u WHERE u.queue = h.queue AND u.unique_key = l.unique_key) THEN 'not_unique'
        WHEN l.payload IS NOT NULL AND EXISTS (SELECT FROM job_intent c
              WHERE c.job_id = l.target AND c.closed_at IS NULL) THEN 'open_call'
        WHEN l.payload IS NOT NULL AND NOT p_nothing_happened AND EXISTS (SELECT FROM job_intent c
              WHERE c.job_id = l.target AND c.version = coalesce(
                  (SELECT max(d.key_version) FROM redrive d WHERE d.redriven_as = l.target), 1)) THEN 'answered_call'
        WHEN NOT p_force AND l.deadline <= now() THEN 'past_deadline'
        WHEN NOT p_force AND (SELECT count(*) FROM redrive d WHERE d.redriven_as = l.target) >= p_limit THEN 'too_often'
        ELSE 'redriven' END
    FROM (SELECT u.*, row_number() OVER (PARTITION BY u.target ORDER BY u.ix) AS nth FROM unnest(p_letters) u) l
    LEFT JOIN job_history h ON h.job_id = l.job_id AND h.seq = l.seq AND h.state = 'dead' AND h.payload IS NOT NULL
    LEFT JOIN queue q ON q.name = h.queue
    LEFT JOIN job_identity i ON i.job_id = l.target AND i.seen_at >= now() - q.duplicate_window
$$;

-- Redrives letters, each at most once, whoever asks at the same time, all or nothing: the note in `redrive` and the waiting
-- row stand or fall together. The job keeps its id, its place in the topic, its calls and their keys; its failures count
-- from zero again, its runs go on counting. p_dry: says what would become of them.
-- A scheduled row without a position in its key says nothing about the key until it is due, so no partition is locked for
-- it. One whose key is held for it takes its place again, ahead of all that wait, in the statement that ends the hold; that
-- is said under the lock of the partitions, as a release is.
CREATE FUNCTION redrive(
    p_dry boolean, p_batch uuid, p_by text, p_limit integer, p_force boolean, p_nothing_happened boolean,
    l_job_id uuid[], l_seq bigint[], l_target uuid[], l_due_at timestamptz[], l_max_failures integer[],
    l_deadline timestamptz[], l_type text[], l_order_key text[], l_payload_hash bytea[], l_payload bytea[],
    l_identity bytea[], l_unique_key text[], l_limit_key text[])
RETURNS TABLE (ix integer, verdict text) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    letters redrive_letter[];
    verdicts text[];
    noted bigint[];
    known uuid[];
    moved uuid[];
    made uuid[] := '{}';    -- identities that a redriven job needs and that were swept
    rivals uuid[] := '{}';
BEGIN
    SELECT array_agg(ROW(l.ix, l.job_id, l.seq, l.target, l.due_at, l.max_failures, l.deadline, l.type, l.order_key,
            l.payload_hash, l.payload, l.identity, l.unique_key, l.limit_key)::redrive_letter ORDER BY l.ix)
    INTO letters
    FROM unnest(l_job_id, l_seq, l_target, l_due_at, l_max_failures, l_deadline, l_type, l_order_key, l_payload_hash,
            l_payload, l_identity, l_unique_key, l_limit_key)
        WITH ORDINALITY AS l (job_id, seq, target, due_at, max_failures, deadline, type, order_key, payload_hash, payload,
            identity, unique_key, limit_key, ix);

    IF NOT p_dry THEN
        PERFORM lock_held(l_seq); -- before any job, as ever
        -- The window of a job may be over, its identity swept; redriven, it must be recognised again.
        WITH fresh AS (
            INSERT INTO job_identity (job_id, queue, partition, record_offset, payload_hash)
            SELECT l.target, h.queue, h.partition, h.record_offset, l.identity
            FROM unnest(letters) l
            JOIN job_history h ON h.job_id = l.job_id AND h.seq = l.seq
            JOIN queue q ON q.name = h.queue AND q.duplicate_window IS NOT NULL
            WHERE l.identity IS NOT NULL
            ORDER BY l.target
            ON CONFLICT (job_id) DO NOTHING
            RETURNING job_id)
        SELECT coalesce(array_agg(f.job_id), '{}') INTO made FROM fresh f;
        -- RACE: a claim that finds the identity expired takes the same id for a new job. It deletes the row and makes it
        -- anew, so one of the two waits here and sees what the other has done.
        PERFORM FROM job_identity i WHERE i.job_id = ANY (l_target) ORDER BY i.job_id FOR UPDATE;
    END IF;

    SELECT array_agg(j.verdict ORDER BY j.ix) INTO verdicts
    FROM judge_redrive(letters, p_limit, p_force, p_nothing_happened) j;

    IF NOT p_dry THEN
        WITH fresh AS (
            INSERT INTO redrive (seq, xid, job_id, redriven_as, batch, redriven_by, due_at, key_version, original_payload)
            SELECT l.seq, h.xid, l.job_id, l.target, p_batch, p_by, l.due_at,
                coalesce((SELECT max(d.key_version) FROM redrive d WHERE d.redriven_as = l.target), 1)
                    + (l.payload IS NOT NULL AND l.payload_hash IS NULL)::integer, -- a record has made no call yet
                CASE WHEN l.payload IS NOT NULL THEN h.payload END
            FROM unnest(letters) l JOIN job_history h ON h.job_id = l.job_id AND h.seq = l.seq
            WHERE verdicts[l.ix] = 'redriven'
            ORDER BY l.seq
            ON CONFLICT (seq) DO NOTHING
            RETURNING seq)
        SELECT coalesce(array_agg(f.seq), '{}') INTO noted FROM fresh f;

        -- A record that was no job is known from now on, as if it had been claimed.
        DELETE FROM job_identity i USING unnest(letters) l, job_history h, queue q
        WHERE l.seq = ANY (noted) AND l.payload_hash IS NOT NULL AND i.job_id = l.target
          AND h.job_id = l.job_id AND h.seq = l.seq AND q.name = h.queue AND i.seen_at < now() - q.duplicate_window;
        WITH fresh AS (
            INSERT INTO job_identity (job_id, queue, partition, record_offset, payload_hash)
            SELECT l.target, h.queue, h.partition, h.record_offset, l.payload_hash
            FROM unnest(letters) l
            JOIN job_history h ON h.job_id = l.job_id AND h.seq = l.seq
            JOIN queue q ON q.name = h.queue AND q.duplicate_window IS NOT NULL
            WHERE l.seq = ANY (noted) AND l.payload_hash IS NOT NULL
            ORDER BY l.target
            ON CONFLICT (job_id) DO NOTHING
            RETURNING job_id)
        SELECT coalesce(array_agg(f.job_id), '{}') INTO known FROM fresh f;

        WITH first AS (
            INSERT INTO job_unique (queue, unique_key, job_id)
            SELECT h.queue, l.unique_key, l.target
            FROM unnest(letters) l JOIN job_history h ON h.job_id = l.job_id AND h.seq = l.seq
            WHERE l.seq = ANY (noted) AND l.unique_key IS NOT NULL
            ORDER BY h.queue, l.unique_key, l.ix
            ON CONFLICT DO NOTHING
            RETURNING job_id)
        SELECT coalesce(array_agg(l.target), '{}') INTO rivals
        FROM unnest(letters) l
        WHERE l.seq = ANY (noted) AND l.unique_key IS NOT NULL AND NOT EXISTS (SELECT FROM first f WHERE f.job_id = l.target);

        WITH fresh AS (
            INSERT INTO job_waiting (job_id, queue, partition, record_offset, state, due_at, reason, attempt, type,
                order_key, key_position, recoveries, max_failures, deadline, submitted_at, record_key, payload, headers)
            SELECT l.target, h.queue,
                CASE WHEN k.seq IS NULL -- one with a place may stay where it was
                    THEN partition_for(q, CASE WHEN l.type IS NULL THEN h.order_key ELSE l.order_key END, h.partition)
                    ELSE h.partition END,
                h.record_offset, 'scheduled', l.due_at, 'redriven', h.attempt,
                coalesce(l.type, h.type), CASE WHEN l.type IS NULL THEN h.order_key ELSE l.order_key END, k.key_position,
                h.recoveries,
                -- Past it, somebody wants the job in spite of its deadline.
                l.max_failures, CASE WHEN l.deadline > now() THEN l.deadline END, h.submitted_at, h.record_key,
                coalesce(l.payload, h.payload), h.headers
            FROM unnest(letters) l
            JOIN job_history h ON h.job_id = l.job_id AND h.seq = l.seq
            JOIN queue q ON q.name = h.queue
            LEFT JOIN key_hold k ON k.seq = l.seq
            WHERE l.seq = ANY (noted) AND NOT l.target = ANY (rivals)
              AND (l.payload_hash IS NULL OR q.duplicate_window IS NULL OR l.target = ANY (known))
            ORDER BY l.target
            ON CONFLICT (job_id) DO NOTHING
            RETURNING job_id)
        SELECT coalesce(array_agg(f.job_id), '{}') INTO moved FROM fresh f;
        DELETE FROM key_hold k USING unnest(letters) l
        WHERE k.seq = l.seq AND l.seq = ANY (noted) AND l.target = ANY (moved);

        -- RACE: claimed between the look and here, which can be where no window is kept, or for a record.
        DELETE FROM redrive d WHERE d.seq = ANY (noted) AND NOT d.redriven_as = ANY (moved);
        DELETE FROM job_identity i WHERE i.job_id = ANY (made || known) AND NOT i.job_id = ANY (moved);
        DELETE FROM job_unique u USING unnest(letters) l
        WHERE l.seq = ANY (noted) AND NOT l.target = ANY (moved) AND NOT l.target = ANY (rivals) AND u.job_id = l.target
          AND NOT EXISTS (SELECT FROM job_running r WHERE r.job_id = u.job_id)
          AND NOT EXISTS (SELECT FROM job_waiting w WHERE w.job_id = u.job_id);
        INSERT INTO limited_job (job_id, limit_key)
        SELECT l.target, l.limit_key FROM unnest(letters) l
        WHERE l.seq = ANY (noted) AND l.target = ANY (moved) AND l.limit_key IS NOT NULL
        ORDER BY l.target
        ON CONFLICT DO NOTHING;
        -- The job lives again, so submissions of it are recognised for a whole window from now on.
        UPDATE job_identity i SET seen_at = now() WHERE i.job_id = ANY (moved);
    END IF;

    RETURN QUERY
    SELECT l.ix, CASE
        WHEN verdicts[l.ix] <> 'redriven' OR p_dry THEN verdicts[l.ix]
        WHEN NOT l.seq = ANY (noted) THEN 'already'
        WHEN l.target = ANY (rivals) THEN 'not_unique'
        WHEN NOT l.target = ANY (moved) THEN 'unfinished'
        ELSE 'redriven' END
    FROM unnest(letters) l;
END $$;
