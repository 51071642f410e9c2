package dev.muster.worker;

/** The places at which a worker's death or pause is most likely to hurt. Tests stop it there; production passes by. */
public enum FaultPoint {
    BEFORE_TAKE_OVER,
    BEFORE_CLAIM,
    AFTER_CLAIM,
    BEFORE_CALL,
    AFTER_CALL,
    BEFORE_SETTLE,
    AFTER_SETTLE,
    BEFORE_ADOPT,
    /** In each turn of the poll loop. */
    POLLING,
    /** Before each heartbeat. */
    HEARTBEAT,
    /** Before the provider is asked whether it lives. */
    HEALTH_CHECK;

    /**
     * Told whenever a thread of the worker reaches a point; may stop the thread or the process, or break the thread by what it throws.
     * Thread-safe.
     */
    @FunctionalInterface
    public interface Listener {
        void reached(FaultPoint point);

        static Listener none() {
            return point -> {};
        }
    }
}
