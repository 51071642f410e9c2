package dev.muster.supervision;

/**
 * What a supervisor knows of a child. How to start it is known to whoever carries out {@link SupervisorEffect.Start}.
 *
 * <p>Source: OTP, {@code supervisor}, "Child specification".
 *
 * @param id names the child; unique within its supervisor
 * @param restart whether it is started again after it has ended
 * @param significant whether its end may end the supervisor, see {@link AutoShutdown}; never a permanent child
 * @param shutdown how it is stopped
 * @param type what it is
 */
public record ChildSpec(String id, Restart restart, boolean significant, Shutdown shutdown, ChildType type) {
    public ChildSpec {
        if (id.isBlank()) {
            throw new IllegalArgumentException("id is blank");
        }
        if (significant && restart == Restart.PERMANENT) {
            throw new IllegalArgumentException("a permanent child can't be significant: " + id);
        }
    }

    /** A permanent worker that has five seconds to shut down. */
    public static ChildSpec worker(String id) {
        return of(id, ChildType.WORKER);
    }

    /** A permanent supervisor that has all the time it needs to shut down. */
    public static ChildSpec supervisor(String id) {
        return of(id, ChildType.SUPERVISOR);
    }

    private static ChildSpec of(String id, ChildType type) {
        return new ChildSpec(id, Restart.PERMANENT, false, Shutdown.defaultOf(type), type);
    }

    public ChildSpec withRestart(Restart restart) {
        return new ChildSpec(id, restart, significant, shutdown, type);
    }

    public ChildSpec withShutdown(Shutdown shutdown) {
        return new ChildSpec(id, restart, significant, shutdown, type);
    }

    public ChildSpec withSignificant(boolean significant) {
        return new ChildSpec(id, restart, significant, shutdown, type);
    }

    boolean isTemporary() {
        return restart == Restart.TEMPORARY;
    }

    /** True if the child ended for this reason because it was stopped; any other reason is a fault of its own. */
    boolean isStoppedBy(ExitReason reason) {
        boolean brutal = shutdown instanceof Shutdown.BrutalKill;
        boolean mayEnd = restart != Restart.PERMANENT;
        return switch (reason) {
            case ExitReason.Killed _ -> brutal;
            case ExitReason.Shutdown _ -> !brutal || mayEnd;
            case ExitReason.Normal _, ExitReason.ShutdownBecause _, ExitReason.FailedToStartChild _ -> mayEnd;
            case ExitReason.Crash _ -> false;
        };
    }
}
