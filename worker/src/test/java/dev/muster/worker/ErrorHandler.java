package dev.muster.worker;

import dev.muster.job.JobContext;
import dev.muster.job.JobHandler;
import dev.muster.job.JobResult;

/** Throws an error of the machine: the worst that a handler's own code can do to its thread. */
final class ErrorHandler implements JobHandler<ErrorHandler.Kind> {
    /** Which: {@code stack} is a real overflow, {@code memory} looks like a real exhaustion. */
    record Kind(String error) {}

    @Override
    public String type() {
        return "test.error";
    }

    @Override
    public Class<Kind> payloadType() {
        return Kind.class;
    }

    @Override
    public JobResult run(Kind kind, JobContext context) {
        if (kind.error().equals("memory")) {
            throw new OutOfMemoryError("as its payload says");
        }
        return JobResult.succeeded("depth " + fall(0));
    }

    private static long fall(long depth) {
        return depth < 0 ? depth : 1 + fall(depth + 1);
    }
}
