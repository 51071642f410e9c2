-- A pool whose supervisor has given up: more of its workers died than restarts help against. It stands here, its queues
-- paused, until an operator has it started again, also under the next leader.

CREATE TABLE pool_given_up (
    pool        text PRIMARY KEY,
    given_up_at timestamptz NOT NULL DEFAULT now(),
    queues      text[] NOT NULL,                          -- that were paused for it, and go on when it does
    incident    bigint NOT NULL REFERENCES incident
);

-- Under the leader's epoch. False, with nothing written, when it leads no more or the pool stands here already.
CREATE FUNCTION give_up_pool(p_pool text, p_summary text, p_detail jsonb, p_epoch bigint)
RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    stopped text[];
    opened bigint;
BEGIN
    PERFORM FROM leader_lease WHERE name = 'coordinator' AND epoch = p_epoch AND expires_at > now();
    IF NOT FOUND OR EXISTS (SELECT FROM pool_given_up WHERE pool = p_pool) THEN
        RETURN false;
    END IF;
    WITH paused AS (
        UPDATE queue SET paused = true WHERE pool = p_pool AND NOT paused RETURNING name)
    SELECT coalesce(array_agg(name ORDER BY name), '{}') INTO stopped FROM paused;
    INSERT INTO incident (kind, subject, summary, detail, epoch)
    VALUES ('pool_given_up', p_pool, p_summary, p_detail, p_epoch) RETURNING id INTO opened;
    INSERT INTO pool_given_up (pool, queues, incident) VALUES (p_pool, stopped, opened);
    RETURN true;
END $$;

-- False when there was nothing to restart: it was not given up, and no worker of it was left down for its wrong
-- configuration. The leader takes the end of such a worker's incident as the word to start it. A scan of the incidents, by
-- an operator's hand.
CREATE FUNCTION restart_pool(p_pool text) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    standing pool_given_up;
    mended boolean;
BEGIN
    UPDATE incident SET closed_at = now()
    WHERE kind = 'worker_misconfigured' AND detail ->> 'pool' = p_pool AND closed_at IS NULL;
    mended := FOUND;
    DELETE FROM pool_given_up WHERE pool = p_pool RETURNING * INTO standing;
    IF NOT FOUND THEN
        RETURN mended;
    END IF;
    UPDATE queue SET paused = false WHERE name = ANY (standing.queues);
    UPDATE incident SET closed_at = now() WHERE id = standing.incident AND closed_at IS NULL;
    RETURN true;
END $$;
