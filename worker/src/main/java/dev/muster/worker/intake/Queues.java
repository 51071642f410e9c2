package dev.muster.worker.intake;

/** The queues of the worker's pool, as lanes and poll loop see them. Thread-safe; never waits. */
public interface Queues {

    /** As they were at the last look. */
    QueueView view();

    /** Asks for a look that begins after this call. */
    void lookSoon();
}
