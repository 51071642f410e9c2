package dev.muster.supervision;

/** What a child is. It is restarted in the same way whatever it is. */
public enum ChildType {
    /** Does work. */
    WORKER,

    /** Supervises children of its own. */
    SUPERVISOR
}
