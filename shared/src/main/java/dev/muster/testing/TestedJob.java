package dev.muster.testing;

import dev.muster.job.JobId;
import dev.muster.job.JobState;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * What became of a job in a {@link HandlerTestKit}. Immutable.
 *
 * @param state a final one
 * @param reason of its last run; empty: none
 * @param result what the handler returned with its success; empty: nothing
 * @param runs in order
 * @param calls to the outside, in order
 * @param followUps what was submitted with its outcome, in order
 */
public record TestedJob(
        JobId id,
        JobState state,
        String reason,
        String result,
        List<Run> runs,
        List<Call> calls,
        List<Follower> followUps) {
    public TestedJob {
        runs = List.copyOf(runs);
        calls = List.copyOf(calls);
        followUps = List.copyOf(followUps);
    }

    /**
     * One run.
     *
     * @param attempt from 1
     * @param outcome as the job's history has it: {@code succeeded}, {@code retried}, {@code unknown}, {@code interrupted} …
     * @param detail class and message of what was thrown; empty: nothing was
     * @param delay until the next run
     */
    public record Run(int attempt, String outcome, String reason, String detail, Duration delay) {}

    /**
     * A job that was submitted by {@link dev.muster.job.JobContext#submit}.
     *
     * @param json its payload
     * @param attributes by their CloudEvents name, such as {@code musterrunat}
     */
    public record Follower(
            String step,
            String queue,
            String type,
            Optional<String> key,
            String json,
            Map<String, String> attributes) {}

    /** One call of {@link dev.muster.job.JobContext#effect}. */
    public record Call(int attempt, String step, String idempotencyKey, Answer answer) {}

    /** How a call ended, as far as the worker could see. */
    public enum Answer {
        GIVEN,
        /** It threw: whether anything was done is not known. */
        THREW,
        /** It threw a {@link dev.muster.job.NothingDoneException}. */
        NOTHING_DONE,
        /** It was made, and its worker died before the answer was noted. */
        NOT_NOTED
    }

    /** The keys under which a step was called: one, if all is well. */
    public Set<String> keys(String step) {
        return calls.stream()
                .filter(call -> call.step().equals(step))
                .map(Call::idempotencyKey)
                .collect(Collectors.toUnmodifiableSet());
    }

    /** How long it has waited between its runs, altogether. */
    public Duration waited() {
        return runs.stream().map(Run::delay).reduce(Duration.ZERO, Duration::plus);
    }
}
