package dev.muster.execution;

import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.TimeoutException;
import java.util.stream.Collectors;

/** What a run is told to have thrown when its time was over. */
public final class TimedOut {
    /** How long an interrupted handler may take to notice before its thread is abandoned. */
    public static final Duration GRACE = Duration.ofSeconds(5);

    private static final int FRAMES = 20;

    private TimedOut() {}

    /**
     * It was interrupted and ended.
     *
     * @param thrown what it threw then
     */
    public static TimeoutException interrupted(Duration timeout, Throwable thrown) {
        TimeoutException timedOut = new TimeoutException("timed out after " + timeout);
        timedOut.initCause(thrown);
        return timedOut;
    }

    /**
     * It was interrupted and did not end within {@link #GRACE}.
     *
     * @param stack where its thread stands; its first frames are in the message's further lines
     */
    public static TimeoutException abandoned(Duration timeout, StackTraceElement[] stack) {
        return new TimeoutException("timed out after " + timeout
                + " and ignored its interrupt; its thread was abandoned\n" + frames(stack));
    }

    /** The first frames of a stack, one a line. */
    public static String frames(StackTraceElement[] stack) {
        return Arrays.stream(stack).limit(FRAMES).map(frame -> "\tat " + frame).collect(Collectors.joining("\n"));
    }
}
