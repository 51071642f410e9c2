package dev.muster.execution;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.muster.job.JobId;
import dev.muster.job.JobResult;
import dev.muster.job.NewJob;
import dev.muster.job.Queue;
import dev.muster.protocol.Submission;
import dev.muster.store.FollowUp;
import dev.muster.store.Outcome;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The jobs that a run wants to follow its own, until it is known whether they do. Thread-safe: guarded by itself. */
public final class FollowUps {
    private static final int MOST = 100;
    private static final int MOST_BYTES = 1 << 20;
    private static final int MOST_KEY_BYTES = 1_024;
    private static final String SOURCE = "/muster/jobs/";

    private final JobId parent;
    private final Map<String, FollowUp> bySteps = new LinkedHashMap<>();
    private int bytes;

    /** None yet. */
    public FollowUps(JobId parent) {
        this.parent = parent;
    }

    /** Adds one; throws as {@link dev.muster.job.JobContext#submit} says. */
    public synchronized JobId add(String step, String queue, NewJob job, Instant now) {
        Steps.require(step);
        Queue.requireName(queue);
        if (job.id().isPresent()) {
            throw new IllegalArgumentException(
                    "a job that follows has no id of its own: " + job.id().get());
        }
        job.key().ifPresent(FollowUps::requireKey);
        Submission submission = Submission.of(SOURCE + parent, step, job, now);
        submission.problem(MOST_BYTES).ifPresent(problem -> {
            throw new IllegalArgumentException("job " + step + " can't follow: " + problem);
        });
        FollowUp before = bySteps.get(step);
        int more = submission.data().length
                - (before == null ? 0 : before.submission().data().length);
        if ((before == null && bySteps.size() == MOST) || bytes + more > MOST_BYTES) {
            throw new IllegalStateException(
                    "at most " + MOST + " jobs follow one, and " + MOST_BYTES + " bytes together");
        }
        bytes += more;
        bySteps.put(step, new FollowUp(queue, submission));
        return submission.jobId();
    }

    /** The outcome of the run, with what is submitted with it: nothing, unless its handler itself has ended the job. */
    public synchronized Outcome with(Outcome outcome, JobResult result) {
        if (bySteps.isEmpty()) {
            return outcome;
        }
        boolean ends = switch (outcome.verdict()) {
            case SUCCEEDED, DECLINED, CANCELLED -> true;
            case DEAD -> result instanceof JobResult.Fail;
            case EXPIRED, RETRIED, SNOOZED, PARKED, UNKNOWN -> false;
        };
        return ends ? outcome.with(List.copyOf(bySteps.values())) : outcome;
    }

    /** What Postgres could not hold would stop the settling of other jobs too. */
    private static void requireKey(String key) {
        if (key.indexOf('\0') >= 0
                || !UTF_8.newEncoder().canEncode(key)
                || key.getBytes(UTF_8).length > MOST_KEY_BYTES) {
            throw new IllegalArgumentException(
                    "a key has at most " + MOST_KEY_BYTES + " bytes, is UTF-8 and has no zero byte");
        }
    }
}
