package dev.muster.store;

import java.util.Locale;

/** What became of the wish that a job be cancelled. */
public enum Cancellation {
    /** It waited; it is final now. */
    CANCELLED("cancelled"),
    /** The same, but it was not without effect: calls of earlier runs were answered. */
    CANCELLED_AFTER_CALLS(
            "cancelled, but calls of it were answered before and are not undone; the job's detail names them"),
    /** It runs; its worker is told, and its handler may still succeed. */
    RUNNING("it runs; its handler is told, and after a grace time interrupted"),
    /** A call of it was made and nobody knows its outcome: it ends once that is answered. */
    UNKNOWN("a call of it was never answered; it is cancelled once its outcome is known"),
    /** Nobody has seen it: it may still be in Kafka, and is cancelled if it comes within a day. */
    AHEAD("no worker has seen it yet; it is cancelled if it comes within a day"),
    /** It is over; nothing was changed. */
    FINAL("it is over already; nothing was changed");

    private final String summary;

    Cancellation(String summary) {
        this.summary = summary;
    }

    /** For people. */
    public String summary() {
        return summary;
    }

    /** The name in Postgres and in the HTTP API. */
    public String wireName() {
        return name().toLowerCase(Locale.ROOT);
    }

    static Cancellation parse(String wireName) {
        return valueOf(wireName.toUpperCase(Locale.ROOT));
    }
}
