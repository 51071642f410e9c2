package dev.muster.local.crash;

import dev.muster.job.JobContext;
import dev.muster.job.JobHandler;
import dev.muster.job.JobResult;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;

/** Ends its process, in the way that its payload says. Registered nowhere: {@link CrashJar} arms a worker with it. */
public final class CrashHandler implements JobHandler<CrashHandler.Crash> {
    /** Its job type. */
    public static final String TYPE = "drill.crash";

    /** More than any heap has room for, so that a loop without end is none to the compiler. */
    private static final int ENOUGH = 1 << 20;

    private static final int CHUNK = 32 << 20;

    /** How a process can be ended by what runs in it. */
    public enum Way {
        /** {@link Runtime#halt}. */
        HALT,
        /** {@link System#exit}. */
        EXIT,
        /** Out of memory, which ends a JVM that was told to end then. */
        MEMORY,
        /** Not at all. */
        NONE;

        /** As the payload has it. */
        public String wireName() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /**
     * A job's payload.
     *
     * @param way of {@link Way}
     * @param millis how long the job runs before
     * @param call from within a call to the outside, which so never has an answer
     */
    public record Crash(String way, long millis, boolean call) {}

    @Override
    public String type() {
        return TYPE;
    }

    @Override
    public Class<Crash> payloadType() {
        return Crash.class;
    }

    @Override
    public JobResult run(Crash crash, JobContext context) throws Exception {
        TimeUnit.MILLISECONDS.sleep(crash.millis()); // what the job is: it runs for a while
        Way way = Way.valueOf(crash.way().toUpperCase(Locale.ROOT));
        if (crash.call()) {
            return JobResult.succeeded(context.effect("crash", key -> end(way) + key));
        }
        return JobResult.succeeded("survived " + end(way) + " chunks");
    }

    private static int end(Way way) {
        switch (way) {
            case HALT -> Runtime.getRuntime().halt(77);
            case EXIT -> System.exit(0);
            case MEMORY -> {
                List<byte[]> eaten = new ArrayList<>();
                while (eaten.size() < ENOUGH) {
                    eaten.add(new byte[CHUNK]);
                }
                return eaten.size();
            }
            case NONE -> {}
        }
        return 0;
    }
}
