package dev.muster.simulation;

/** The guards of the protocol, each of which a simulation can switch off. */
enum Guard {
    /** Guard (a) in the claim: incarnation and epoch of the partition. */
    CLAIM_EPOCH,
    /** The compare-and-set of {@code next_offset} in the claim. */
    CLAIM_POSITION,
    /** Guard (a) in start_due, and before a key's next job starts. */
    START_EPOCH,
    /** A lower epoch takes no partition over. */
    TAKE_OVER_EPOCH,
    /** Guard (b): a settle names the incarnation of its row. */
    SETTLE_INCARNATION,
    /** Guard (b): a settle names the attempt of its row. */
    SETTLE_ATTEMPT,
    /** A run that is begun again has an attempt of its own. */
    BEGIN_AGAIN_ATTEMPT,
    /** Only running rows of fenced incarnations are adopted. */
    ADOPT_FENCED,
    /** Only who is absent from the group is fenced without a coordinator. */
    FENCE_ABSENT,
    /** After a start or a pause of its own, an owner gives everybody a fresh window. */
    FRESH_WINDOW,
    /** A drain lease stands against an owner's fence. */
    DRAIN_LEASE,
    /** What a coordinator writes, it writes under its lease. */
    LEADER_EPOCH,
    /** One live incarnation per worker. */
    ONE_LIFE,
    /** Owners look for running rows of others again and again. */
    SCAN,
    /** Rows without a thread are looked for. */
    CENSUS,
    /** Identity outlives the row. */
    IDENTITY,
    /** Whether a key is free is asked of the table. */
    KEY_OF_TABLE,
    /** A run of a group is closed with those before it in its key, or after them. */
    GROUP_CLOSED,
    /** No intent is stored while another of the key runs before it. */
    GROUP_INTENT,
    /** Of a group, only the first is carried on by an adopter, or by the next lane. */
    GROUP_FIRST,
    /** Nothing but success closes a job with a call that has no answer. */
    OPEN_CALL,
    /** The own row was read within the trust window before a call. */
    TRUST_WINDOW,
    /** A mass silence is held. */
    MASS_HOLD,
    /** Lost on two facts: silence and a dead health port. */
    TWO_FACTS
}
