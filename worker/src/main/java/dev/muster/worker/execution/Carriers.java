package dev.muster.worker.execution;

import java.lang.management.ManagementFactory;
import java.util.concurrent.atomic.AtomicBoolean;
import jdk.management.VirtualThreadSchedulerMXBean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sees to it that handlers that compute without end don't keep all others from running. A virtual thread leaves its
 * carrier only when it waits, and there are as many carriers as processors: on two processors, two endless loops stop
 * every job of the worker. So a virtual thread is started at each look, and where it has not run until the next, the
 * number of carriers is doubled: the operating system shares the processors among them. When there are idle ones again,
 * they become fewer. Confined to the thread that looks.
 */
final class Carriers {
    private static final Logger LOG = LoggerFactory.getLogger(Carriers.class);
    /** More than that many loops are left to the limit of abandoned threads. */
    private static final int MOST = 256;

    private AtomicBoolean probe = new AtomicBoolean(true);

    /** Loaded at the first look, not when a worker starts and has better things to do. */
    private static final class Scheduler {
        static final VirtualThreadSchedulerMXBean BEAN =
                ManagementFactory.getPlatformMXBean(VirtualThreadSchedulerMXBean.class);
        /** How many the JVM began with. */
        static final int LEAST = BEAN.getParallelism();
    }

    /** Looks whether virtual threads get to run; once a second or so. */
    void look() {
        VirtualThreadSchedulerMXBean scheduler = Scheduler.BEAN;
        int now = scheduler.getParallelism();
        int next = next(now, Scheduler.LEAST, probe.get(), scheduler.getMountedVirtualThreadCount());
        if (next != now) {
            scheduler.setParallelism(next);
        }
        if (next > now) {
            LOG.atWarn().log("Jobs compute and leave the others no thread to run on; there are {} carriers now", next);
        }
        probe = new AtomicBoolean();
        start(probe);
    }

    /**
     * How many carriers there should be.
     *
     * @param ran whether a virtual thread that was started at the last look has run since
     * @param mounted how many virtual threads are on a carrier now
     */
    static int next(int carriers, int least, boolean ran, int mounted) {
        if (!ran) {
            return Math.min(Math.max(MOST, carriers), 2 * carriers);
        }
        return carriers > least && mounted < carriers / 2 ? carriers - 1 : carriers;
    }

    /**
     * From a new thread each time: the scheduler starts a carrier only for a task that comes into an empty queue, and each
     * thread that submits has one of its own. What was submitted while nothing ran stands in the others.
     */
    private static void start(AtomicBoolean flag) {
        Thread.ofPlatform()
                .name("carriers")
                .daemon()
                .start(() -> Thread.ofVirtual().start(() -> flag.set(true)));
    }
}
