package dev.muster.store;

import java.util.Optional;

/**
 * Which dead letters are to run again, and how.
 *
 * @param dryRun only say what would become of them
 * @param perSecond how many become due per second, 1 to 1,000,000
 * @param force also those that were redriven too often or are past their deadline, which they then lose
 * @param by who wants it, for the record
 * @param edit another payload, for one job only
 */
public record RedriveOrder(
        DeadLetterStore.Filter which, boolean dryRun, int perSecond, boolean force, String by, Optional<Edit> edit) {
    /** As fast as a provider that is just back may like it. */
    public static final int DEFAULT_PER_SECOND = 100;

    private static final int MAX_PER_SECOND = 1_000_000;

    public RedriveOrder {
        if (which.isEverything()) {
            throw new IllegalArgumentException("name jobs, a group, a queue or a type: not all dead letters at once");
        }
        if (perSecond < 1 || perSecond > MAX_PER_SECOND) {
            throw new IllegalArgumentException("the rate is not between 1 and " + MAX_PER_SECOND + ": " + perSecond);
        }
        if (edit.isPresent() && which.ids().size() != 1) {
            throw new IllegalArgumentException("a payload is for one job: name it, and only it");
        }
    }

    /**
     * What the job is to run with instead. Its calls get new idempotency keys, so what they did before is not recognised.
     *
     * @param data JSON
     * @param nothingHappened somebody has looked: the calls that were answered came to nothing
     */
    public record Edit(byte[] data, boolean nothingHappened) {}
}
