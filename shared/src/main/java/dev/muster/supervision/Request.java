package dev.muster.supervision;

/**
 * What a supervisor can be asked.
 *
 * <p>Source: OTP, {@code supervisor}, the functions of these names.
 */
public sealed interface Request {

    /** {@code start_child}: start this one too, as the last in order. */
    record StartChild(ChildSpec child) implements Request {}

    /** {@code terminate_child}: stop it, or give up restarting it. Its specification stays, unless it is temporary. */
    record TerminateChild(String id) implements Request {}

    /** {@code restart_child}: start it again. It must have ended. */
    record RestartChild(String id) implements Request {}

    /** {@code delete_child}: forget its specification. It must have ended. */
    record DeleteChild(String id) implements Request {}

    /** {@code get_childspec}. */
    record GetChildSpec(String id) implements Request {}

    /** {@code which_children}. */
    record WhichChildren() implements Request {}

    /** {@code count_children}. */
    record CountChildren() implements Request {}
}
