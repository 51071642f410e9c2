package dev.muster.supervision;

/**
 * Whether a child that has ended is started again.
 *
 * <p>Source: OTP, {@code supervisor}, "Child specification", {@code restart}.
 */
public enum Restart {
    /** Always. */
    PERMANENT,

    /** Only after an end that was not {@linkplain ExitReason#isOrderly() orderly}. */
    TRANSIENT,

    /** Never, not even with the siblings of its group. Its specification is forgotten when it ends. */
    TEMPORARY;

    /** True if a child that ended by itself for this reason is started again. */
    boolean isDueAfter(ExitReason reason) {
        return switch (this) {
            case PERMANENT -> true;
            case TRANSIENT -> !reason.isOrderly();
            case TEMPORARY -> false;
        };
    }
}
