-- What Muster keeps. Unfinished jobs stand in two small tables: waiting ones belong to the owner of their partition,
-- running ones to the incarnation that runs them. What is final is appended to the history, which is also the outbox
-- of muster.events. No index mentions a state: what must be found fast has a table of its own.

-- ---- queues ----

CREATE TABLE queue (
    name             text PRIMARY KEY CHECK (name ~ '^[a-z0-9][a-z0-9._-]{0,99}$'),
    ordering         text NOT NULL CHECK (ordering IN ('none', 'key')),
    pool             text NOT NULL DEFAULT 'default' CHECK (pool ~ '^[a-z0-9][a-z0-9-]{0,29}$'),
    partitions       integer NOT NULL CHECK (partitions BETWEEN 1 AND 10000),
    duplicate_window interval,                -- how long a submission is recognised again; null: not at all
    paused           boolean NOT NULL DEFAULT false,
    weight           integer NOT NULL DEFAULT 1 CHECK (weight BETWEEN 1 AND 1000), -- its share of its pool's slots
    growth           integer NOT NULL DEFAULT 0,  -- counts what was said of its partitions, so that owners know what they know
    growing_to       integer CHECK (growing_to > partitions),
    growing_since    timestamptz,             -- Kafka has so many partitions since then
    created_at       timestamptz NOT NULL DEFAULT now()
);

COMMENT ON TABLE queue IS 'A queue is a topic muster.jobs.<name> and this row.';

-- ---- leadership ----

CREATE TABLE leader_lease (
    name       text PRIMARY KEY,
    holder     text NOT NULL,
    epoch      bigint NOT NULL CHECK (epoch > 0),   -- rises with every change of holder, never falls
    expires_at timestamptz NOT NULL                 -- by this database's clock, which all parties share
);

-- ---- the fleet ----

CREATE TABLE worker (
    name        text PRIMARY KEY CHECK (name ~ '^[a-zA-Z0-9][a-zA-Z0-9_-]{0,39}$'),
    pool        text NOT NULL,
    last_number integer NOT NULL DEFAULT 0          -- of its incarnations; a number is never used twice
);

CREATE TABLE worker_incarnation (
    incarnation        text PRIMARY KEY CHECK (octet_length(incarnation) <= 63),
    worker             text NOT NULL REFERENCES worker,
    number             integer NOT NULL,
    pool               text NOT NULL,
    launcher           text NOT NULL CHECK (launcher IN ('process', 'external')),
    minted_at          timestamptz NOT NULL DEFAULT now(),
    minted_epoch       bigint,                      -- the leader's epoch; null when the worker minted it itself
    host               text,
    pid                bigint,
    process_started_at timestamptz,
    health_host        text,                        -- where its health port is reached
    health_port        integer,
    protocol           integer NOT NULL DEFAULT 1,
    started_at         timestamptz,
    fenced_at          timestamptz,                 -- from then on its running rows may be adopted
    fenced_reason      text,
    fenced_by          text,
    UNIQUE (worker, number),
    CHECK ((fenced_at IS NULL) = (fenced_reason IS NULL))
);

CREATE UNIQUE INDEX worker_incarnation_one_live ON worker_incarnation (worker) WHERE fenced_at IS NULL;

-- A worker that has left its group while jobs still run says here that it lives. A table of its own, so that the
-- incarnation's row, which everybody reads, is not written to every second.
CREATE TABLE drain_lease (
    incarnation text PRIMARY KEY REFERENCES worker_incarnation,
    expires_at  timestamptz NOT NULL
);

CREATE TABLE partition_owner (
    queue       text NOT NULL REFERENCES queue,
    partition   integer NOT NULL,
    incarnation text NOT NULL,
    epoch       integer NOT NULL,                   -- the group's member epoch at the assignment
    next_offset bigint NOT NULL DEFAULT 0,          -- where claiming goes on; moved by the claim itself
    topic_id    uuid NOT NULL,
    growth      integer NOT NULL DEFAULT 0,         -- of the queue, when it was taken over
    taken_at    timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (queue, partition)
) WITH (fillfactor = 50);                           -- updated in place with every claim

-- ---- unfinished jobs ----

CREATE SEQUENCE key_position;

CREATE TABLE job_running (
    job_id       uuid PRIMARY KEY,
    queue        text NOT NULL,
    partition    integer NOT NULL,
    record_offset bigint NOT NULL,
    incarnation  text NOT NULL,
    attempt      integer NOT NULL CHECK (attempt > 0),    -- which run this is; every start counts
    type         text NOT NULL,
    order_key    text,                                    -- keyed queues only
    key_position bigint,
    failures     integer NOT NULL DEFAULT 0,              -- budget spent by the handler
    recoveries   integer NOT NULL DEFAULT 0,              -- runs cut short by a worker's death
    max_failures integer,                                 -- null: the handler's own limit
    deadline     timestamptz,
    submitted_at timestamptz NOT NULL,
    claimed_at   timestamptz NOT NULL DEFAULT now(),
    started_at   timestamptz NOT NULL DEFAULT clock_timestamp(), -- after the locks: never before the end it followed, but in a group
    entered_at   timestamptz,                             -- the handler was entered, by the worker's clock; adopted runs only
    record_key   bytea,
    payload      bytea NOT NULL,
    headers      bytea,
    CHECK ((order_key IS NULL) = (key_position IS NULL))
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.0, autovacuum_vacuum_threshold = 20000,
        autovacuum_vacuum_cost_delay = 0, autovacuum_analyze_scale_factor = 0.0, autovacuum_analyze_threshold = 50000);

CREATE INDEX job_running_key ON job_running (queue, order_key, key_position) WHERE order_key IS NOT NULL;

CREATE TABLE job_waiting (
    job_id       uuid PRIMARY KEY,
    queue        text NOT NULL,
    partition    integer NOT NULL,
    record_offset bigint NOT NULL,
    state        text NOT NULL CHECK (state IN ('scheduled', 'ready', 'parked', 'retrying', 'unknown')),
    due_at       timestamptz NOT NULL,                    -- when to look again; infinity: someone ahead in the key has a time
    reason       text,
    attempt      integer NOT NULL DEFAULT 0,
    type         text NOT NULL,
    order_key    text,
    key_position bigint,                                  -- null while scheduled: it takes its place when due
    failures     integer NOT NULL DEFAULT 0,
    recoveries   integer NOT NULL DEFAULT 0,
    max_failures integer,
    deadline     timestamptz,
    submitted_at timestamptz NOT NULL,
    claimed_at   timestamptz NOT NULL DEFAULT now(),
    record_key   bytea,
    payload      bytea NOT NULL,
    headers      bytea
) WITH (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_cost_delay = 0);

-- All rows are in it; partial, so that it serves only who says that the time is above -infinity. It could serve looks for a key,
-- too, by the queue alone: where few keys waited when Postgres counted, that looked as good as the next index, and each look for
-- another key read all that waits in the queue.
CREATE INDEX job_waiting_due ON job_waiting (queue, partition, due_at) WHERE due_at > '-infinity';
CREATE INDEX job_waiting_key ON job_waiting (queue, order_key, key_position) WHERE key_position IS NOT NULL;

-- ---- identity and intents: what outlives the row ----

CREATE TABLE job_identity (
    job_id       uuid PRIMARY KEY,
    queue        text NOT NULL,
    partition    integer NOT NULL,
    record_offset bigint NOT NULL,
    payload_hash bytea NOT NULL,
    seen_at      timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE job_intent (
    job_id          uuid NOT NULL,
    step            text NOT NULL,
    version         integer NOT NULL DEFAULT 1,
    idempotency_key text NOT NULL UNIQUE,
    opened_at       timestamptz NOT NULL DEFAULT now(),
    closed_at       timestamptz,                          -- the provider has given a final answer
    answered        boolean NOT NULL DEFAULT false,       -- a call of it was made and answered, once at least
    PRIMARY KEY (job_id, step, version)
);

-- ---- what has happened: append-only, relayed to muster.events in (xid, seq) order ----

CREATE SEQUENCE event_seq CACHE 1000;

CREATE TABLE job_history (
    job_id       uuid NOT NULL,
    named_id     uuid,                                    -- of a record that was refused: the job that it names
    queue        text NOT NULL,
    partition    integer NOT NULL,
    record_offset bigint NOT NULL,
    type         text NOT NULL,
    order_key    text,
    key_position bigint,
    state        text NOT NULL CHECK (state IN ('succeeded', 'declined', 'dead', 'cancelled', 'expired')),
    reason       text,
    detail       text,                                    -- of a failure: class and message
    result       text,
    attempt      integer NOT NULL,
    failures     integer NOT NULL,
    recoveries   integer NOT NULL,
    incarnation  text,
    submitted_at timestamptz NOT NULL,
    claimed_at   timestamptz NOT NULL,
    started_at   timestamptz,
    entered_at   timestamptz,
    settled_at   timestamptz NOT NULL DEFAULT now(),
    record_key   bytea,                                   -- key, bytes and headers are kept for dead jobs only:
    payload      bytea,                                   -- the dead-letter topic gets them as they came
    headers      bytea,
    xid          xid8 NOT NULL DEFAULT pg_current_xact_id(),
    seq          bigint NOT NULL DEFAULT nextval('event_seq')
) PARTITION BY RANGE (settled_at);

CREATE INDEX job_history_job ON job_history (job_id);
CREATE INDEX job_history_named ON job_history (named_id) WHERE named_id IS NOT NULL;
CREATE INDEX job_history_relay ON job_history (xid, seq);
CREATE TABLE job_history_default PARTITION OF job_history DEFAULT;

CREATE TABLE job_attempt (                                -- runs that ended without a final state
    job_id      uuid NOT NULL,
    queue       text NOT NULL,
    type        text NOT NULL,
    attempt     integer NOT NULL,
    incarnation text NOT NULL,
    outcome     text NOT NULL CHECK (outcome IN ('retried', 'snoozed', 'parked', 'unknown', 'interrupted')),
    reason      text,
    detail      text,
    started_at  timestamptz NOT NULL,
    entered_at  timestamptz,
    ended_at    timestamptz NOT NULL DEFAULT now(),
    due_at      timestamptz,
    xid         xid8 NOT NULL DEFAULT pg_current_xact_id(),
    seq         bigint NOT NULL DEFAULT nextval('event_seq')
) PARTITION BY RANGE (ended_at);

CREATE INDEX job_attempt_job ON job_attempt (job_id);
CREATE INDEX job_attempt_relay ON job_attempt (xid, seq);
CREATE TABLE job_attempt_default PARTITION OF job_attempt DEFAULT;

CREATE TABLE incident (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind        text NOT NULL,                            -- worker_died, worker_silent, log_truncated, ...
    subject     text NOT NULL,                            -- the incarnation, queue or partition it is about
    summary     text NOT NULL,                            -- what happened and what happens next, for a human
    detail      jsonb NOT NULL DEFAULT '{}',
    opened_at   timestamptz NOT NULL DEFAULT now(),
    closed_at   timestamptz,
    epoch       bigint,
    UNIQUE NULLS NOT DISTINCT (kind, subject, opened_at)
);

CREATE TABLE rejected_write (                             -- what fenced or overtaken writers tried
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    incarnation text NOT NULL,
    operation   text NOT NULL,
    job_id      uuid,
    queue       text,
    partition   integer,
    at          timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE duplicate_submission (
    job_id        uuid NOT NULL,
    queue         text NOT NULL,
    partition     integer NOT NULL,
    record_offset bigint NOT NULL,
    seen_at       timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (queue, partition, record_offset, job_id)
);

CREATE TABLE relay_cursor (
    name  text PRIMARY KEY,
    xid   xid8 NOT NULL,
    seq   bigint NOT NULL,
    epoch bigint NOT NULL
);
