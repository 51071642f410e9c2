-- Incidents go to muster.events too, once when they open and once more when they close. They are few, so a mark on the
-- row does it; a cursor over their ids would step over one whose transaction commits late.

ALTER TABLE incident ADD COLUMN relayed smallint NOT NULL DEFAULT 0 CHECK (relayed BETWEEN 0 AND 2);

COMMENT ON COLUMN incident.relayed IS '0: not yet, 1: its opening, 2: its end too';

CREATE INDEX incident_not_relayed ON incident (id) WHERE relayed < 2;
