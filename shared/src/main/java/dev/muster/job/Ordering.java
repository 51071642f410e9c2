package dev.muster.job;

import java.util.Locale;

/** In what order a queue starts its jobs. */
public enum Ordering {
    /** As slots are free. */
    NONE,
    /** Jobs of one key start in submission order, each after the one before is final; other keys go on meanwhile. */
    KEY;

    public String wireName() {
        return name().toLowerCase(Locale.ROOT);
    }

    /**
     * The ordering of this {@link #wireName}.
     *
     * @throws IllegalArgumentException if there is none
     */
    public static Ordering parse(String wireName) {
        return switch (wireName) {
            case "none" -> NONE;
            case "key" -> KEY;
            default -> throw new IllegalArgumentException("ordering is neither none nor key: " + wireName);
        };
    }
}
