-- What keeps the tables small: daily partitions are made ahead and dropped when they are old. Both for the leader only,
-- under its epoch. Neither waits longer than its lock_timeout for a lock: whoever comes later queues behind a wait.

CREATE FUNCTION leads(p_epoch bigint) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT EXISTS (SELECT FROM leader_lease WHERE name = 'coordinator' AND epoch = p_epoch AND expires_at > now())
$$;

-- Where rows of a day without a partition come to lie: none, as long as a coordinator led within the last three days.
-- They are found by their time, at no cost for the rows of the partitions.
CREATE INDEX job_history_default_at ON job_history_default (settled_at);
CREATE INDEX job_attempt_default_at ON job_attempt_default (ended_at);

-- Makes the partition of a day (UTC).
-- RACE: a row is on its way to the default partition, waits there for the attaching, and would be refused afterwards since
-- it belongs elsewhere now. So whoever writes rows of a day that has begun waits before it is decided where they go: for
-- the table's lock. Days to come have no rows on their way; of them only the default partition is locked for the moment.
-- verdict: made | there | in_default (rows of that day came first; they stay where they are) | deposed.
CREATE FUNCTION ensure_partition(p_parent text, p_day date, p_epoch bigint) RETURNS text
LANGUAGE plpgsql SET lock_timeout = '200ms' AS $$
DECLARE
    name text := p_parent || '_' || to_char(p_day, 'YYYYMMDD');
    moment text := CASE p_parent WHEN 'job_history' THEN 'settled_at' ELSE 'ended_at' END;
    day_begins timestamptz := p_day::timestamp AT TIME ZONE 'UTC';
    day_ends timestamptz := (p_day + 1)::timestamp AT TIME ZONE 'UTC';
    found_some boolean;
BEGIN
    IF NOT leads(p_epoch) THEN
        RETURN 'deposed';
    END IF;
    IF to_regclass(name) IS NOT NULL THEN
        RETURN 'there';
    END IF;
    IF day_begins < now() + interval '1 minute' THEN
        EXECUTE format('LOCK TABLE %I IN SHARE ROW EXCLUSIVE MODE', p_parent);
    END IF;
    EXECUTE format('SELECT EXISTS (SELECT FROM %I WHERE %I >= $1 AND %I < $2)', p_parent || '_default', moment, moment)
        INTO found_some USING day_begins, day_ends;
    IF found_some THEN
        RETURN 'in_default';
    END IF;
    EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING GENERATED)', name,
        p_parent);
    EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', p_parent, name, day_begins, day_ends);
    RETURN 'made';
END $$;

-- Drops the partition of a day, unless it holds what muster.events has not been told. This locks the whole table, for as
-- long as the removal of an entry takes: the file goes after the commit.
-- verdict: dropped | gone | unrelayed | deposed.
CREATE FUNCTION drop_partition(p_parent text, p_day date, p_epoch bigint) RETURNS text
LANGUAGE plpgsql SET lock_timeout = '100ms' AS $$
DECLARE
    name text := p_parent || '_' || to_char(p_day, 'YYYYMMDD');
    told relay_cursor;
    found_some boolean;
BEGIN
    IF NOT leads(p_epoch) THEN
        RETURN 'deposed';
    END IF;
    IF to_regclass(name) IS NULL THEN
        RETURN 'gone';
    END IF;
    EXECUTE format('LOCK TABLE %I IN SHARE MODE', name); -- what is being inserted is in, and nothing more comes
    SELECT * INTO told FROM relay_cursor c WHERE c.name = 'events';
    EXECUTE format('SELECT EXISTS (SELECT FROM %I WHERE (xid, seq) > ($1, $2))', name)
        INTO found_some USING coalesce(told.xid, '0'::xid8), coalesce(told.seq, 0);
    IF found_some THEN
        RETURN 'unrelayed';
    END IF;
    EXECUTE format('DROP TABLE %I', name);
    RETURN 'dropped';
END $$;

-- Removes intents in these pages of jobs that are unfinished nowhere and have left the history. Locked first, looked at
-- again in a later statement: of a job of that id that is claimed meanwhile, the running row is committed before its
-- intent can be opened again, which waits for this lock.
CREATE FUNCTION sweep_intents(p_from tid, p_to tid, p_before timestamptz, p_epoch bigint) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    old tid[];
    removed bigint;
BEGIN
    IF NOT leads(p_epoch) THEN
        RETURN 0;
    END IF;
    SELECT coalesce(array_agg(l.place), '{}') INTO old FROM (
        SELECT i.ctid AS place FROM job_intent i
        WHERE i.ctid >= p_from AND i.ctid < p_to AND i.opened_at < p_before
        FOR UPDATE SKIP LOCKED) l;
    DELETE FROM job_intent i
    WHERE i.ctid = ANY (old)
      AND NOT EXISTS (SELECT FROM job_running r WHERE r.job_id = i.job_id)
      AND NOT EXISTS (SELECT FROM job_waiting w WHERE w.job_id = i.job_id)
      AND NOT EXISTS (SELECT FROM job_history h WHERE h.job_id = i.job_id);
    GET DIAGNOSTICS removed = ROW_COUNT;
    RETURN removed;
END $$;
