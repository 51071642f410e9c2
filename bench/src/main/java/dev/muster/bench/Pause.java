package dev.muster.bench;

import java.util.concurrent.TimeUnit;

/** The one place where a measurement waits: between two looks at something that can't tell. */
public final class Pause {
    private Pause() {}

    public static void millis(long millis) throws InterruptedException {
        nanos(TimeUnit.MILLISECONDS.toNanos(millis));
    }

    /** Until the next entry of a timetable. */
    static void nanos(long nanos) throws InterruptedException {
        TimeUnit.NANOSECONDS.sleep(nanos);
    }
}
