-- What most batches are: jobs that ask for nothing but to run, and that have succeeded. `claim` and `settle` (V002) say of
-- such a batch what they would say of any other, in as few statements and row visits as that takes.

-- Starts all of a claim's records, where all its partitions have been moved and nothing in it has an order, a time, a
-- limit, a unique key, or is dead. False: some of that can't be said, or a job of one of these ids is known, unfinished, or
-- twice among them; then nothing was written, and `claim` looks at each. To find that out from the unique keys, for the
-- whole batch, costs nothing where it is not so; ON CONFLICT would write a record of WAL more for each row.
-- Identities in id order, as in `claim`.
CREATE FUNCTION claim_plain(
    p_incarnation text, p_queues text[], p_partitions integer[],
    r_part integer[], r_offset bigint[], r_job_id uuid[], r_type text[], r_max_failures integer[],
    r_deadline timestamptz[], r_submitted_at bigint[], r_record_key bytea[], r_payload bytea[], r_headers bytea[],
    r_payload_hash bytea[])
RETURNS boolean LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    windows integer;
    started integer;
BEGIN
    SELECT count(DISTINCT q.name) INTO windows FROM queue q
    WHERE q.name = ANY (p_queues) AND q.duplicate_window IS NOT NULL;
    IF EXISTS (SELECT FROM cancel_wish)
        OR windows > 0 AND windows < (SELECT count(DISTINCT q) FROM unnest(p_queues) q) THEN
        RETURN false;
    END IF;

    BEGIN
        IF windows > 0 THEN
            INSERT INTO job_identity (job_id, queue, partition, record_offset, payload_hash)
            SELECT r.job_id, p_queues[r.part], p_partitions[r.part], r.record_offset, r.payload_hash
            FROM unnest(r_job_id, r_part, r_offset, r_payload_hash) AS r (job_id, part, record_offset, payload_hash)
            ORDER BY r.job_id;
        END IF;
        INSERT INTO job_running (job_id, queue, partition, record_offset, incarnation, attempt, type, max_failures,
            deadline, submitted_at, record_key, payload, headers)
        SELECT r.job_id, p_queues[r.part], p_partitions[r.part], r.record_offset, p_incarnation, 1, r.type,
            r.max_failures, r.deadline, at_micros(r.submitted_at), r.record_key, r.payload, r.headers
        FROM unnest(r_part, r_offset, r_job_id, r_type, r_max_failures, r_deadline, r_submitted_at, r_record_key,
            r_payload, r_headers) AS r (part, record_offset, job_id, type, max_failures, deadline, submitted_at,
            record_key, payload, headers)
        WHERE NOT EXISTS (SELECT FROM job_waiting x WHERE x.job_id = r.job_id);
        GET DIAGNOSTICS started = ROW_COUNT;
        IF started < cardinality(r_job_id) THEN
            RAISE unique_violation;
        END IF;
    EXCEPTION WHEN unique_violation THEN
        RETURN false;
    END;
    RETURN true;
END $$;
