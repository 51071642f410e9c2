package dev.muster.explain;

import java.util.List;
import java.util.Locale;

/**
 * Why a job isn't running now.
 *
 * @param why the reason that has to go first
 * @param summary one sentence
 * @param further what else stands in its way or is to be known, a sentence each
 */
public record Explanation(Why why, String summary, List<String> further) {
    public Explanation {
        further = List.copyOf(further);
    }

    /** The kinds of reasons, for programs. */
    public enum Why {
        RUNS,
        WORKER_DIED,
        FINAL,
        IN_OUTBOX,
        REFUSED_BY_KAFKA,
        IN_KAFKA,
        NOT_FOUND,
        EXPIRES,
        QUEUE_PAUSED,
        NO_OWNER,
        KEY_HELD,
        BEHIND_KEY,
        WAITS_FOR_LIMIT,
        NOT_DUE,
        PUT_OFF,
        HELD,
        STARTS_NOW;

        public String wireName() {
            return name().toLowerCase(Locale.ROOT);
        }
    }
}
