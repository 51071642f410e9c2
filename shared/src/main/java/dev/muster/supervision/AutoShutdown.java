package dev.muster.supervision;

/**
 * Whether a supervisor ends with its {@linkplain ChildSpec#significant() significant} children. Only a child that ended
 * by itself and is not restarted counts, not one that the supervisor stopped.
 *
 * <p>Source: OTP 24 and later, {@code supervisor}, "Automatic Shutdown".
 */
public enum AutoShutdown {
    /** It goes on without any child; no child may be significant. */
    NEVER,

    /** It ends when the first significant child has ended. */
    ANY_SIGNIFICANT,

    /** It ends when the last significant child has ended. */
    ALL_SIGNIFICANT;

    /** True if the supervisor ends now that a significant child has, these being left. */
    boolean isDueWith(Children children) {
        return switch (this) {
            case NEVER -> false;
            case ANY_SIGNIFICANT -> true;
            case ALL_SIGNIFICANT ->
                children.list().stream()
                        .filter(child -> child.spec().significant())
                        .allMatch(child -> child.status() instanceof Child.Status.Undefined);
        };
    }
}
