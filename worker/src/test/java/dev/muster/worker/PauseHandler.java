package dev.muster.worker;

import dev.muster.job.JobContext;
import dev.muster.job.JobHandler;
import dev.muster.job.JobResult;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/** Takes as long as its payload says; a later run of the same job may take another time. */
final class PauseHandler implements JobHandler<PauseHandler.Pause> {
    record Pause(long millis, long later) {
        long of(int attempt) {
            return attempt == 1 ? millis : later;
        }
    }

    @Override
    public String type() {
        return "test.pause";
    }

    @Override
    public Class<Pause> payloadType() {
        return Pause.class;
    }

    /** Longer than any test takes on a slow machine: a pause ends by itself, or because somebody wants it to. */
    @Override
    public Duration timeout() {
        return Duration.ofMinutes(5);
    }

    @Override
    public JobResult run(Pause pause, JobContext context) throws Exception {
        TimeUnit.MILLISECONDS.sleep(pause.of(context.attempt())); // what the job is: a wait of a known length
        return JobResult.succeeded("waited " + pause.of(context.attempt()));
    }
}
