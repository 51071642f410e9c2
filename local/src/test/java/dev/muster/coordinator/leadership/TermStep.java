package dev.muster.coordinator.leadership;

/** The rule by which a coordinator trusts its lease, for a simulation. */
public final class TermStep {
    private TermStep() {}

    /** True while something may be done under it. */
    public static boolean isTrustedAt(Term term, long nowNanos) {
        return term.isTrustedAt(nowNanos);
    }
}
