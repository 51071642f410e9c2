package dev.muster.job;

/** What follows a dead job in its key. */
public enum AfterDead {
    /** The key's next job. */
    GO_ON,
    /** Nothing, until an operator has redriven the dead job, which then runs first, or released the key. */
    HOLD_KEY
}
