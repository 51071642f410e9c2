package dev.muster.schedule;

import java.util.Locale;

/** What becomes of times at which a schedule could not fire, since no coordinator ran or the schedule was paused. */
public enum Missed {
    /** Nothing: it goes on with the next time. */
    SKIP,
    /** One job stands for all of them: the latest, unless one is on time at that moment anyway. The default. */
    ONCE,
    /** Each is made up for, the latest hundred of them. */
    ALL;

    /** The name as Postgres, the API and the command line have it: lower case. */
    public String wireName() {
        return name().toLowerCase(Locale.ROOT);
    }

    /**
     * The policy of this {@link #wireName}.
     *
     * @throws IllegalArgumentException if there is none
     */
    public static Missed parse(String wireName) {
        for (Missed policy : values()) {
            if (policy.wireName().equals(wireName)) {
                return policy;
            }
        }
        throw new IllegalArgumentException("missed is neither skip, once nor all: " + wireName);
    }
}
