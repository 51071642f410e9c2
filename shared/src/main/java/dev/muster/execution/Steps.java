package dev.muster.execution;

import java.nio.charset.StandardCharsets;

/** The names of a job's calls to the outside. */
public final class Steps {
    private static final int LONGEST = 100;

    private Steps() {}

    /**
     * Refuses what can't be stored, or would be stored as another name.
     *
     * @throws IllegalArgumentException if it is none
     */
    public static void require(String step) {
        if (step.isEmpty()
                || step.length() > LONGEST
                || step.indexOf('\0') >= 0
                || !StandardCharsets.UTF_8.newEncoder().canEncode(step)) {
            throw new IllegalArgumentException("a step's name has 1 to " + LONGEST + " characters: " + step);
        }
    }
}
