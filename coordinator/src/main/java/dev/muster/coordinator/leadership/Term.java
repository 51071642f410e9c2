package dev.muster.coordinator.leadership;

/**
 * A lease that is held.
 *
 * @param epoch which everything the leader does carries
 * @param trustedUntilNanos by the monotonic clock; from then on nothing may be done under it any more
 */
public record Term(long epoch, long trustedUntilNanos) {

    boolean isTrustedAt(long nowNanos) {
        return nowNanos - trustedUntilNanos < 0;
    }
}
