package dev.muster.local.submitting;

import dev.muster.job.JobContext;
import dev.muster.job.JobHandler;
import dev.muster.job.JobResult;

/** Says what it was given, after as many failures as asked for. */
public final class EchoHandler implements JobHandler<EchoHandler.Text> {
    /**
     * What is to be said.
     *
     * @param failures so many runs fail before
     */
    public record Text(String text, int failures) {}

    @Override
    public String type() {
        return "test.echo";
    }

    @Override
    public Class<Text> payloadType() {
        return Text.class;
    }

    @Override
    public JobResult run(Text payload, JobContext context) {
        if (context.failures() < payload.failures()) {
            throw new IllegalStateException("failure " + (context.failures() + 1));
        }
        return JobResult.succeeded(payload.text());
    }
}
