-- What happened under the supervisors of all processes. Append-only. Written by each process for itself, some moments
-- later and again when an answer was lost, which is why an event has a number that its writer gives it.

CREATE TABLE supervision_event (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    writer      uuid NOT NULL,                            -- one run of one process
    number      bigint NOT NULL,                          -- counted by the writer
    at          timestamptz NOT NULL,                     -- when it happened, by the clock of where it happened
    origin      text NOT NULL,                            -- the process, by name
    path        text NOT NULL,                            -- of the supervisor in its tree, such as local/servers
    child       text,                                     -- null: the supervisor itself
    incarnation text,                                     -- which of the child's lives
    kind        text NOT NULL CHECK (kind IN ('started', 'start_failed', 'exited', 'stopped', 'escalated', 'ended')),
    reason      text,
    duration_ms bigint CHECK (duration_ms >= 0),          -- started: from the wish to start it; an end: since it was in service
    detail      text,
    UNIQUE (writer, number)
);
