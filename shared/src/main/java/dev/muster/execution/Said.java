package dev.muster.execution;

import dev.muster.job.JobContext;
import dev.muster.job.JobResult;
import dev.muster.store.RunningJob;

/** What a handler's run came to in its own words. Immutable. */
public sealed interface Said {
    record Answered(JobResult result) implements Said {}

    /** It threw, or could not read its payload, or returned null. */
    record Threw(Throwable thrown) implements Said {}

    /**
     * Runs a handler on the calling thread. The job's boundary: everything that is the handler's code, its payload's
     * constructor included, runs within, and nothing that it throws gets out.
     *
     * @param entered told when the payload has been read and the handler is about to be entered
     */
    static <P> Said by(HandlerTerms<P> terms, RunningJob job, JobContext context, Runnable entered) {
        try {
            RunningJob.Bytes bytes = job.bytes();
            P payload = Payloads.read(terms.payloadType(), bytes.value(), bytes.headers());
            entered.run();
            JobResult result = terms.handler().run(payload, context);
            return result == null
                    ? new Threw(new IllegalStateException("the handler returned null"))
                    : new Answered(result);
        } catch (Throwable e) {
            return new Threw(e);
        }
    }
}
