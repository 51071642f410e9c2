-- What keeps the tables small: daily partitions are made ahead and dropped when they are old. Both for the leader only,
-- under its epoch. Neither waits longer than its lock_timeout for a lock: whoever comes later queues behind a wait.

CREATE FUNCTION leads(p_epoch bigint) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT EXISTS (SELECT FROM leader_lease WHERE name = 'coordinator' AND epoch = p_epoch AND expires_at > now())
$$;

-- Where rows of a day without a partition come to lie: none, as long as a coordinator led within the last three days.
-- They are found by their time, at no cost for the rows of the partitions.
CREATE INDEX job_history_default_at ON job_history_default (settled_at);
CREATE INDEX job_attempt_default_at ON job_attempt_default (ended_at);

-- A default partition is empty, or holds what a time without a coordinator has left. Up to this size it is read in no time.
CREATE FUNCTION small_default() RETURNS bigint LANGUAGE sql IMMUTABLE AS $$ SELECT 4 * 1024 * 1024::bigint $$;

-- Makes the partition of a day (UTC).
-- RACE: a row is on its way to the default partition, waits there for the attaching, and would be refused afterwards since
-- it belongs elsewhere now. So whoever writes rows of a day that has begun waits before it is decided where they go: for
-- the table's lock. Days to come have no rows on their way; of them only the default partition is locked for the moment.
-- To attach a partition Postgres reads the whole default partition under that lock, unless a check tells it that the day
-- is not in it. So one that is not small is asked for the check: exclude_day, prove_day, then this again. A check stands
-- in the way of its day's rows if nobody comes to finish it; so only days that are far off get one.
-- verdict: made | there | in_default (rows of that day came first or will come; they stay where they are) |
-- unproven (the check is missing) | deposed.
CREATE FUNCTION ensure_partition(p_parent text, p_day date, p_epoch bigint) RETURNS text
LANGUAGE plpgsql SET lock_timeout = '200ms' AS $$
DECLARE
    name text := p_parent || '_' || to_char(p_day, 'YYYYMMDD');
    rest text := p_parent || '_default';
    excluded text := 'without_' || to_char(p_day, 'YYYYMMDD');
    moment text := CASE p_parent WHEN 'job_history' THEN 'settled_at' ELSE 'ended_at' END;
    day_begins timestamptz := p_day::timestamp AT TIME ZONE 'UTC';
    day_ends timestamptz := (p_day + 1)::timestamp AT TIME ZONE 'UTC';
    proven boolean;
    found_some boolean;
BEGIN
    IF NOT leads(p_epoch) THEN
        RETURN 'deposed';
    END IF;
    IF to_regclass(name) IS NOT NULL THEN
        RETURN 'there';
    END IF;
    SELECT c.convalidated INTO proven FROM pg_constraint c WHERE c.conrelid = rest::regclass AND c.conname = excluded;
    IF pg_relation_size(rest::regclass) > small_default() AND NOT coalesce(proven, false) THEN
        IF day_begins >= now() + interval '2 days' THEN
            RETURN 'unproven';
        END IF;
        IF proven IS NOT NULL THEN
            EXECUTE format('ALTER TABLE %I DROP CONSTRAINT %I', rest, excluded);
        END IF;
        RETURN 'in_default';
    END IF;
    IF day_begins < now() + interval '1 minute' THEN
        EXECUTE format('LOCK TABLE %I IN SHARE ROW EXCLUSIVE MODE', p_parent);
    END IF;
    EXECUTE format('SELECT EXISTS (SELECT FROM %I WHERE %I >= $1 AND %I < $2)', rest, moment, moment)
        INTO found_some USING day_begins, day_ends;
    IF found_some THEN
        RETURN 'in_default';
    END IF;
    EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING GENERATED)', name,
        p_parent);
    EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', p_parent, name, day_begins, day_ends);
    IF proven IS NOT NULL THEN
        EXECUTE format('ALTER TABLE %I DROP CONSTRAINT %I', rest, excluded);
    END IF;
    RETURN 'made';
END $$;

-- From now on the default partition takes no rows of this day; whether it has some is not looked at. Locks it for the
-- moment that a change of the catalogue takes. For days that are far off.
CREATE FUNCTION exclude_day(p_parent text, p_day date, p_epoch bigint) RETURNS void
LANGUAGE plpgsql SET lock_timeout = '200ms' AS $$
DECLARE
    rest text := p_parent || '_default';
    excluded text := 'without_' || to_char(p_day, 'YYYYMMDD');
    moment text := CASE p_parent WHEN 'job_history' THEN 'settled_at' ELSE 'ended_at' END;
BEGIN
    IF NOT leads(p_epoch)
        OR EXISTS (SELECT FROM pg_constraint c WHERE c.conrelid = rest::regclass AND c.conname = excluded) THEN
        RETURN;
    END IF;
    EXECUTE format('ALTER TABLE %I ADD CONSTRAINT %I CHECK (%I < %L OR %I >= %L) NOT VALID', rest, excluded,
        moment, p_day::timestamp AT TIME ZONE 'UTC', moment, (p_day + 1)::timestamp AT TIME ZONE 'UTC');
END $$;

-- Reads the whole default partition to see that it holds no row of that day. Nobody waits for it but the next of its kind.
CREATE FUNCTION prove_day(p_parent text, p_day date, p_epoch bigint) RETURNS void
LANGUAGE plpgsql SET lock_timeout = '200ms' AS $$
BEGIN
    IF leads(p_epoch) THEN
        EXECUTE format('ALTER TABLE %I VALIDATE CONSTRAINT %I', p_parent || '_default',
            'without_' || to_char(p_day, 'YYYYMMDD'));
    END IF;
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
