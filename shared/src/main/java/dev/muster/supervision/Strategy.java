package dev.muster.supervision;

/**
 * Which children are restarted when one of them is.
 *
 * <p>Source: OTP, {@code supervisor}, "Restart Strategies". {@code simple_one_for_one} is not here.
 */
public enum Strategy {
    /** The child that ended, and no other. For children that don't need each other. */
    ONE_FOR_ONE,

    /** All: the others are stopped in reverse order, then all are started in order. For children that need each other. */
    ONE_FOR_ALL,

    /** The child that ended and those after it. For children that need the ones before them. */
    REST_FOR_ONE
}
