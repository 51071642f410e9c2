-- More partitions for a keyed queue, without a job that overtakes another of its key. See docs/adr/0008. The steps, each
-- said once and never taken back: announced; Kafka has the partitions; every producer has heard of them; the switch, which
-- is where the old partitions end then; every owner of an old partition knows it and has claimed up to it; the jobs that
-- have no place in their keys yet stand in their new partitions; open.

-- Where each old partition ended when no producer wrote by the old count any more. What stands below belongs to a key by
-- the old count, what stands above by the new one.
CREATE TABLE growth_switch (
    queue         text NOT NULL REFERENCES queue,
    partition     integer NOT NULL,
    switch_offset bigint NOT NULL,
    moved         boolean NOT NULL DEFAULT false,
    PRIMARY KEY (queue, partition)
);

-- Source: Kafka's default partitioner, org.apache.kafka.common.utils.Utils.murmur2. A test compares the two.
CREATE FUNCTION partition_of_key(p_key text, p_partitions integer) RETURNS integer
LANGUAGE plpgsql IMMUTABLE STRICT AS $$
DECLARE
    m constant bigint := 1540483477;
    mask constant bigint := 4294967295;
    data constant bytea := convert_to(p_key, 'UTF8');
    size constant integer := length(data);
    tail constant integer := size - size % 4;
    h bigint := (2538058380 # size::bigint) & mask;
    k bigint;
BEGIN
    FOR i IN 0..size / 4 - 1 LOOP
        k := get_byte(data, 4 * i)::bigint | (get_byte(data, 4 * i + 1)::bigint << 8)
            | (get_byte(data, 4 * i + 2)::bigint << 16) | (get_byte(data, 4 * i + 3)::bigint << 24);
        k := k * m & mask;
        k := (k # (k >> 24)) * m & mask;
        h := (h * m & mask) # k;
    END LOOP;
    IF size > tail THEN
        FOR i IN REVERSE size - tail - 1..0 LOOP
            h := h # (get_byte(data, tail + i)::bigint << (8 * i));
        END LOOP;
        h := h * m & mask;
    END IF;
    h := (h # (h >> 13)) * m & mask;
    h := h # (h >> 15);
    RETURN (h & 2147483647) % p_partitions;
END $$;

-- In which partition a job without a record of its own place belongs: that of its key, where order matters.
CREATE FUNCTION partition_for(q queue, p_key text, p_otherwise integer) RETURNS integer LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN q.ordering = 'key' AND p_key IS NOT NULL
        THEN partition_of_key(p_key, coalesce(q.growing_to, q.partitions)) ELSE p_otherwise END
$$;

-- Says that a queue is to have more partitions, before Kafka is told: whoever is assigned a new one finds it held.
-- verdict: announced | growing (to that number already) | open (it has so many) | busy (it is growing to another number) |
-- not_more | not_a_multiple (a key would move between two old partitions) | unknown.
CREATE FUNCTION announce_growth(p_queue text, p_partitions integer) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    q queue;
BEGIN
    SELECT * INTO q FROM queue WHERE name = p_queue FOR UPDATE;
    IF NOT FOUND THEN
        RETURN 'unknown';
    ELSIF q.growing_to IS NOT NULL THEN
        RETURN CASE WHEN q.growing_to = p_partitions THEN 'growing' ELSE 'busy' END;
    ELSIF q.partitions = p_partitions THEN
        RETURN 'open';
    ELSIF q.partitions > p_partitions THEN
        RETURN 'not_more';
    ELSIF q.ordering = 'none' THEN
        UPDATE queue SET partitions = p_partitions WHERE name = p_queue; -- nothing depends on where a job is
        RETURN 'open';
    ELSIF p_partitions % q.partitions <> 0 THEN
        RETURN 'not_a_multiple';
    END IF;
    UPDATE queue SET growing_to = p_partitions, growth = growth + 1 WHERE name = p_queue;
    RETURN 'announced';
END $$;

-- Notes the switch, or finds it noted: it never moves. False while producers may still write by the old count: Kafka has
-- had the new partitions for less than p_settle. The offsets were read after that time.
CREATE FUNCTION note_switch(p_queue text, p_offsets bigint[], p_settle interval) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    q queue;
BEGIN
    SELECT * INTO q FROM queue WHERE name = p_queue FOR UPDATE;
    IF NOT FOUND OR q.growing_to IS NULL OR cardinality(p_offsets) <> q.partitions THEN
        RETURN false;
    END IF;
    PERFORM FROM growth_switch s WHERE s.queue = p_queue;
    IF FOUND THEN
        RETURN true;
    END IF;
    IF q.growing_since IS NULL OR q.growing_since > now() - p_settle THEN
        RETURN false;
    END IF;
    INSERT INTO growth_switch (queue, partition, switch_offset)
    SELECT p_queue, o.nr - 1, o.switch_offset FROM unnest(p_offsets) WITH ORDINALITY AS o (switch_offset, nr);
    UPDATE queue SET growth = growth + 1 WHERE name = p_queue; -- owners who have seen less take over again
    RETURN true;
END $$;

-- Old partitions whose owner has not claimed up to the switch, or may not know of it. One that nobody has ever taken
-- over is as good as claimed if it is empty.
CREATE FUNCTION growth_behind(p_queue text) RETURNS bigint LANGUAGE sql STABLE AS $$
    SELECT count(*)
    FROM growth_switch s
    JOIN queue q ON q.name = s.queue
    LEFT JOIN partition_owner po ON po.queue = s.queue AND po.partition = s.partition
    WHERE s.queue = p_queue AND (coalesce(po.next_offset, 0) < s.switch_offset OR po.growth < q.growth)
$$;

-- Goes on with a growth as far as it may, one old partition for each call. Holds the queue's row, so that nobody takes a
-- partition over meanwhile, and then each old partition's: no job gets its place in a key there while it is moved.
-- Jobs that have their places may stay where they are: who starts one asks for all of its key, wherever they stand.
-- phase: settling (no switch yet) | draining | moving | open.
CREATE FUNCTION go_on_growing(p_queue text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    q queue;
    old integer;
BEGIN
    SELECT * INTO q FROM queue WHERE name = p_queue FOR UPDATE;
    IF NOT FOUND OR q.growing_to IS NULL THEN
        RETURN 'open';
    END IF;
    PERFORM FROM growth_switch s WHERE s.queue = p_queue;
    IF NOT FOUND THEN
        RETURN 'settling';
    ELSIF growth_behind(p_queue) > 0 THEN
        RETURN 'draining';
    END IF;

    SELECT min(s.partition) INTO old FROM growth_switch s WHERE s.queue = p_queue AND NOT s.moved;
    IF old IS NOT NULL THEN
        PERFORM FROM partition_owner po WHERE po.queue = p_queue AND po.partition = old FOR NO KEY UPDATE;
        UPDATE job_waiting w SET partition = partition_of_key(w.order_key, q.growing_to)
        WHERE w.queue = p_queue AND w.partition = old AND w.order_key IS NOT NULL AND w.key_position IS NULL
          AND w.due_at > '-infinity' -- index job_waiting_due
          AND partition_of_key(w.order_key, q.growing_to) <> w.partition;
        UPDATE growth_switch s SET moved = true WHERE s.queue = p_queue AND s.partition = old;
        RETURN 'moving';
    END IF;

    DELETE FROM growth_switch s WHERE s.queue = p_queue;
    UPDATE queue SET partitions = growing_to, growing_to = NULL, growing_since = NULL, growth = growth + 1
    WHERE name = p_queue;
    RETURN 'open';
END $$;
