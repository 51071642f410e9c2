-- Jobs that are submitted from within somebody's own transaction, and jobs that follow from others: rows that come to be
-- with what they belong to, or not at all. The leader brings them to Kafka, in commit order; from there on they are
-- submissions like any other, so that they have a partition, a place in its order and an owner.

CREATE SEQUENCE submission_seq CACHE 100;

CREATE TABLE submission (
    xid        xid8 NOT NULL DEFAULT pg_current_xact_id(),
    seq        bigint NOT NULL DEFAULT nextval('submission_seq'),
    job_id     uuid NOT NULL,
    queue      text NOT NULL,
    source     text NOT NULL,
    id         text NOT NULL,
    type       text NOT NULL,
    job_key    text,
    data       text NOT NULL,                          -- JSON, byte for byte what the handler gets
    attributes jsonb NOT NULL DEFAULT '{}',            -- further CloudEvents attributes, all of them strings
    said_at    timestamptz NOT NULL DEFAULT now(),
    refused    text,                                   -- why it can't be brought to Kafka; it waits for a human then
    PRIMARY KEY (xid, seq)
) WITH (autovacuum_vacuum_scale_factor = 0.0, autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_cost_delay = 0);

COMMENT ON TABLE submission IS 'Submissions that are not in Kafka yet. Usually empty.';

-- The batch that is on its way to Kafka, or was the last one. Its id goes with it, in the same Kafka transaction, so that
-- whoever finds it here later can see in Kafka whether it has arrived: none is brought twice, whoever dies when. Nothing of
-- Kafka's is compared with a transaction id, since those of a restored database start again.
CREATE TABLE submission_relay (
    only_row  boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    epoch     bigint NOT NULL DEFAULT 0,               -- of the leader that brings them
    batch     uuid,
    xid       xid8,                                    -- the batch's last row
    seq       bigint,
    max_bytes integer NOT NULL DEFAULT 262144          -- what workers take; said by the leader
);

INSERT INTO submission_relay DEFAULT VALUES;

-- The job that a CloudEvent with this source and id submits, as every process computes it: a UUIDv8 of SHA-256.
CREATE FUNCTION job_id_of(p_source text, p_id text) RETURNS uuid LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT encode(set_byte(set_byte(h.hash, 6, get_byte(h.hash, 6) & 15 | 128), 8, get_byte(h.hash, 8) & 63 | 128), 'hex')::uuid
    FROM (SELECT substr(sha256(convert_to(p_source, 'UTF8') || '\x00'::bytea || convert_to(p_id, 'UTF8')), 1, 16) AS hash) h
$$;

CREATE FUNCTION rfc3339(p_time timestamptz) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT to_char(p_time AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
$$;

-- Submits a job with the caller's transaction, or not at all; gives back its id. Who may call it needs no right but
-- EXECUTE on it, and USAGE on the schema to name it. It may submit to every queue.
-- source and id are the job's identity: the same pair again is the same job. Without an id it is a new job each time.
CREATE FUNCTION submit(
    queue text, type text, data jsonb,
    key text DEFAULT NULL, id text DEFAULT NULL, source text DEFAULT 'muster-sql',
    run_at timestamptz DEFAULT NULL, deadline timestamptz DEFAULT NULL,
    max_attempts integer DEFAULT NULL, retry_base interval DEFAULT NULL, retry_cap interval DEFAULT NULL,
    unique_key text DEFAULT NULL, limit_key text DEFAULT NULL)
RETURNS uuid LANGUAGE plpgsql SECURITY DEFINER SET search_path = muster, pg_temp AS $$
DECLARE
    the_queue muster.queue;
    the_id text := coalesce(submit.id, gen_random_uuid()::text);
    job uuid := job_id_of(submit.source, the_id);
    attributes jsonb;
    body text := submit.data::text;
    size integer;
    most integer;
    wrong text;
BEGIN
    SELECT q.* INTO the_queue FROM muster.queue q WHERE q.name = submit.queue;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'muster.submit: there is no queue %', coalesce(quote_literal(submit.queue), 'NULL')
            USING ERRCODE = 'invalid_parameter_value', HINT = 'Make it with: muster queue create';
    END IF;

    wrong := CASE
        WHEN body IS NULL THEN 'data is null; JSON''s own null is ''null''::jsonb'
        WHEN submit.type IS NULL OR submit.type !~ '^[a-zA-Z0-9][a-zA-Z0-9._/-]{0,199}$'
            THEN 'type has letters, digits and . _ / - only, at most 200'
        WHEN coalesce(submit.source, '') = '' OR the_id = '' THEN 'source and id are not empty'
        WHEN the_queue.ordering = 'key' AND octet_length(submit.key) > 1024 THEN 'key has at most 1024 bytes'
        WHEN length(submit.unique_key) NOT BETWEEN 1 AND 200 THEN 'unique_key has 1 to 200 characters'
        WHEN length(submit.limit_key) NOT BETWEEN 1 AND 200 THEN 'limit_key has 1 to 200 characters'
        WHEN submit.max_attempts NOT BETWEEN 1 AND 1000 THEN 'max_attempts is 1 to 1000'
        WHEN submit.run_at NOT BETWEEN '1970-01-01 UTC' AND '9999-12-30 UTC' THEN 'run_at is out of range'
        WHEN submit.deadline NOT BETWEEN '1970-01-01 UTC' AND '9999-12-30 UTC' THEN 'deadline is out of range'
        WHEN submit.retry_base NOT BETWEEN interval '1 ms' AND interval '366 days' THEN 'retry_base is 1 ms to 366 days'
        WHEN submit.retry_cap NOT BETWEEN interval '1 ms' AND interval '366 days' THEN 'retry_cap is 1 ms to 366 days'
    END;
    IF wrong IS NOT NULL THEN
        RAISE EXCEPTION 'muster.submit: %', wrong USING ERRCODE = 'invalid_parameter_value';
    END IF;

    attributes := jsonb_strip_nulls(jsonb_build_object(
        'time', rfc3339(clock_timestamp()),
        'musterrunat', rfc3339(submit.run_at),
        'musterdeadline', rfc3339(submit.deadline),
        'mustermaxattempts', submit.max_attempts::text,
        'musterretrybase', 'PT' || extract(epoch FROM submit.retry_base) || 'S',
        'musterretrycap', 'PT' || extract(epoch FROM submit.retry_cap) || 'S',
        'musteruniquekey', submit.unique_key,
        'musterlimitkey', submit.limit_key));

    -- Not less than a worker will count: the value and the headers, of which each has its name's and its value's length besides.
    SELECT octet_length(body) + octet_length(submit.source) + octet_length(the_id) + octet_length(submit.type) + 128
            + coalesce(sum(11 + octet_length(a.key) + octet_length(a.value)), 0), max(r.max_bytes)
    INTO size, most
    FROM submission_relay r LEFT JOIN jsonb_each_text(attributes) a ON true;
    IF size > most THEN
        RAISE EXCEPTION 'muster.submit: the job has % bytes with its headers, more than %', size, most
            USING ERRCODE = 'program_limit_exceeded', HINT = 'The limit is muster.record.max-bytes.';
    END IF;

    INSERT INTO submission (job_id, queue, source, id, type, job_key, data, attributes)
    VALUES (job, submit.queue, submit.source, the_id, submit.type, submit.key, body, attributes);
    RETURN job;
END $$;

REVOKE EXECUTE ON FUNCTION submit FROM PUBLIC;

-- The jobs that follow from others, of those whose outcome has just been written. Called by settle, in its statement.
CREATE FUNCTION follow_up(p_follow_ups json, p_finished uuid[]) RETURNS void LANGUAGE sql AS $$
    INSERT INTO submission (job_id, queue, source, id, type, job_key, data, attributes)
    SELECT f.job_id, f.queue, f.source, f.id, f.type, f.job_key, f.data, f.attributes
    FROM ROWS FROM (json_to_recordset(p_follow_ups) AS (parent uuid, job_id uuid, queue text, source text, id text,
            type text, job_key text, data text, attributes jsonb))
        WITH ORDINALITY AS f (parent, job_id, queue, source, id, type, job_key, data, attributes, nth)
    WHERE f.parent = ANY (p_finished)
    ORDER BY f.nth
$$;
