-- What most batches are: jobs that ask for nothing but to run, and that have succeeded. `claim` and `settle` (V002) say of
-- such a batch what they would say of any other, in as few statements and row visits as that takes; what is not like the
-- rest they look at one by one, as ever.

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
RETURNS integer[] LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    windowed boolean;
    started uuid[];
BEGIN
    -- Some queues of a claim with a window and some without, or wishes that stand: not plain. A claim of nothing, as a worker
    -- rehearses it, is taken for what most claims are.
    SELECT coalesce(bool_or(q.duplicate_window IS NOT NULL), true) INTO windowed
    FROM queue q WHERE q.name = ANY (p_queues);
    IF EXISTS (SELECT FROM cancel_wish)
        OR windowed AND EXISTS (SELECT FROM queue q WHERE q.name = ANY (p_queues) AND q.duplicate_window IS NULL) THEN
        RETURN NULL;
    END IF;

    IF windowed THEN
        WITH known AS (
            INSERT INTO job_identity (job_id, queue, partition, record_offset, payload_hash)
            SELECT r.job_id, p_queues[r.part], p_partitions[r.part], r.record_offset, r.payload_hash
            FROM unnest(r_job_id, r_part, r_offset, r_payload_hash) WITH ORDINALITY
                AS r (job_id, part, record_offset, payload_hash, ix)
            ORDER BY r.job_id, r.ix
            ON CONFLICT (job_id) DO NOTHING
            RETURNING job_id, queue, partition, record_offset),
        run AS (
            INSERT INTO job_running (job_id, queue, partition, record_offset, incarnation, attempt, type, max_failures,
                deadline, submitted_at, record_key, payload, headers)
            SELECT r.job_id, k.queue, k.partition, r.record_offset, p_incarnation, 1, r.type, r.max_failures, r.deadline,
                r.submitted_at, r.record_key, r.payload, r.headers
            FROM unnest(r_part, r_offset, r_job_id, r_type, r_max_failures, r_deadline, r_submitted_at, r_record_key,
                r_payload, r_headers) AS r (part, record_offset, job_id, type, max_failures, deadline, submitted_at,
                record_key, payload, headers)
            JOIN known k ON k.job_id = r.job_id AND k.record_offset = r.record_offset
                AND k.partition = p_partitions[r.part] AND k.queue = p_queues[r.part]
            WHERE NOT EXISTS (SELECT FROM job_waiting x WHERE x.job_id = r.job_id)
            ON CONFLICT (job_id) DO NOTHING
            RETURNING job_id)
        SELECT array_agg(job_id) INTO started FROM run;
    ELSE
        WITH run AS (
            INSERT INTO job_running (job_id, queue, partition, record_offset, incarnation, attempt, type, max_failures,
                deadline, submitted_at, record_key, payload, headers)
            SELECT r.job_id, p_queues[r.part], p_partitions[r.part], r.record_offset, p_incarnation, 1, r.type,
                r.max_failures, r.deadline, r.submitted_at, r.record_key, r.payload, r.headers
            FROM unnest(r_part, r_offset, r_job_id, r_type, r_max_failures, r_deadline, r_submitted_at, r_record_key,
                r_payload, r_headers) AS r (part, record_offset, job_id, type, max_failures, deadline, submitted_at,
                record_key, payload, headers)
            WHERE NOT EXISTS (SELECT FROM job_waiting x WHERE x.job_id = r.job_id)
            ON CONFLICT (job_id) DO NOTHING
            RETURNING job_id)
        SELECT array_agg(job_id) INTO started FROM run;
    END IF;

    IF cardinality(started) = cardinality(r_part) THEN
        RETURN '{}';
    END IF;
    RETURN ARRAY(
        SELECT r.ix::integer
        FROM unnest(r_job_id, r_part, r_offset) WITH ORDINALITY AS r (job_id, part, record_offset, ix)
        LEFT JOIN job_running j ON j.job_id = r.job_id AND j.incarnation = p_incarnation
            AND j.queue = p_queues[r.part] AND j.partition = p_partitions[r.part] AND j.record_offset = r.record_offset
            AND j.job_id IN (SELECT unnest(started))
        WHERE j.job_id IS NULL
        ORDER BY r.ix);
END $$;
