package dev.muster.testing;

import dev.muster.execution.HandlerTerms;
import dev.muster.job.JobHandler;
import dev.muster.job.JobId;
import dev.muster.job.JobState;
import dev.muster.protocol.Submission;
import dev.muster.store.FollowUp;
import dev.muster.store.Outcome;
import dev.muster.store.RunningJob;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * Runs a job by its handler until it is final, in memory: for the tests of whoever writes the handler.
 *
 * {@snippet :
 * TestedJob job = HandlerTestKit.of(() -> new Greet(mailer))
 *         .crashAfterCall("mail")
 *         .run("{\"name\":\"Ada\"}");
 *
 * assertEquals(JobState.SUCCEEDED, job.state());
 * assertEquals(2, job.runs().size());          // a worker died in the first
 * assertEquals(1, job.keys("mail").size());    // and the mail has one key all the same
 * }
 *
 * <p>It is the handler's side only. Payload, timeout (in real time), verdicts and waits are the worker's own code; waits
 * pass on a clock of its own, so no test waits for them. Of the store it has two rules: a step keeps its idempotency key
 * for ever, and a job with a call that nobody knows the answer of ends in nothing but success: it is run again. There is
 * no queue, no order, no deadline, no other job: what needs those is tested with a worker.
 *
 * <p>A crash stops the run's thread where it is, for good: no catch and no finally of the handler runs, as after a kill.
 * The next run is that of another worker, with a handler of its own. So hold no lock around
 * {@link dev.muster.job.JobContext#effect}: here it would be held for ever.
 *
 * <p>Immutable: every method gives a kit of its own.
 */
public final class HandlerTestKit<P> {
    private static final Instant BEGINNING = Instant.parse("2026-01-01T00:00:00Z");
    /** Who is not final by then never will be. */
    private static final int MOST_RUNS = 100;
    /** Postgres makes a job wait that long when its last call has no answer. */
    private static final Duration UNSURE_WAIT = Duration.ofSeconds(1);

    private final Supplier<? extends JobHandler<P>> workers;
    private final Optional<String> key;
    private final Optional<Integer> maxFailures;
    private final List<Faults.Fault> faults;

    private HandlerTestKit(
            Supplier<? extends JobHandler<P>> workers,
            Optional<String> key,
            Optional<Integer> maxFailures,
            List<Faults.Fault> faults) {
        this.workers = workers;
        this.key = key;
        this.maxFailures = maxFailures;
        this.faults = List.copyOf(faults);
    }

    /**
     * A kit for a handler.
     *
     * @param handler makes it, once for each worker that runs the job
     */
    public static <P> HandlerTestKit<P> of(Supplier<? extends JobHandler<P>> handler) {
        return new HandlerTestKit<>(handler, Optional.empty(), Optional.empty(), List.of());
    }

    /** The job has this record key. */
    public HandlerTestKit<P> key(String recordKey) {
        return new HandlerTestKit<>(workers, Optional.of(recordKey), maxFailures, faults);
    }

    /** The job has been submitted with {@code mustermaxattempts}: so many failures, from 1, make it dead. */
    public HandlerTestKit<P> maxFailures(int limit) {
        return new HandlerTestKit<>(workers, key, Optional.of(limit), faults);
    }

    /** The worker dies before a call of this step is made; its key is stored already. Said twice: also at the next one. */
    public HandlerTestKit<P> crashBeforeCall(String step) {
        return with(Faults.Kind.CRASH_BEFORE_CALL, step);
    }

    /** The worker dies after a call of this step was made and before its answer was noted. Said twice: also at the next one. */
    public HandlerTestKit<P> crashAfterCall(String step) {
        return with(Faults.Kind.CRASH_AFTER_CALL, step);
    }

    /** The job turns out to be another worker's before a call of this step: a {@link dev.muster.job.LostJobException}. */
    public HandlerTestKit<P> loseBeforeCall(String step) {
        return with(Faults.Kind.LOSE_BEFORE_CALL, step);
    }

    /** From before a call of this step on, somebody wants the job to stop. */
    public HandlerTestKit<P> cancelBeforeCall(String step) {
        return with(Faults.Kind.CANCEL_BEFORE_CALL, step);
    }

    /**
     * Runs a job with this payload until it is final.
     *
     * @throws IllegalStateException if it is not after 100 runs, or if something that was to go wrong never came about,
     *     since no call of that step was made
     * @throws IllegalArgumentException if the handler can't say what it is
     */
    public TestedJob run(String json) {
        return run(json.getBytes(StandardCharsets.UTF_8));
    }

    /** The same with a payload's bytes as they come. */
    public TestedJob run(byte[] payload) {
        return new Story(payload).tell();
    }

    private HandlerTestKit<P> with(Faults.Kind kind, String step) {
        List<Faults.Fault> more = new ArrayList<>(faults);
        more.add(new Faults.Fault(kind, step));
        return new HandlerTestKit<>(workers, key, maxFailures, more);
    }

    /** A job from its submission to its final state. */
    private final class Story {
        private final JobId id = JobId.of("test", "1");
        private final byte[] payload;
        private final Intents intents = new Intents(id);
        private final Faults pending = new Faults(faults);
        private final RandomGenerator random = new SplittableRandom(1);
        private final List<TestedJob.Run> runs = new ArrayList<>();
        private final List<TestedJob.Call> calls = new ArrayList<>();
        private Instant now = BEGINNING;
        private int failures;
        private int recoveries;

        Story(byte[] payload) {
            this.payload = payload;
        }

        TestedJob tell() {
            HandlerTerms<P> handler = HandlerTerms.of(workers.get());
            while (runs.size() < MOST_RUNS) {
                TestRun run = new TestRun(job(handler.type()), intents, pending, now);
                TestRun.End end = run.carryOut(handler, random);
                calls.addAll(run.calls());
                switch (end) {
                    case TestRun.End.Settled(Outcome outcome) -> {
                        Optional<JobState> last = settle(outcome);
                        if (last.isPresent()) {
                            return end(last.get(), outcome);
                        }
                    }
                    case TestRun.End.Died() -> {
                        interrupted("its worker died");
                        handler = HandlerTerms.of(workers.get());
                    }
                    case TestRun.End.Lost() -> {
                        interrupted("it was another worker's");
                        handler = HandlerTerms.of(workers.get());
                    }
                }
            }
            throw new IllegalStateException("not final after " + MOST_RUNS + " runs; the last: " + runs.getLast());
        }

        /** What {@code settle} in Postgres would do: the final state, or empty while there is none. */
        private Optional<JobState> settle(Outcome outcome) {
            intents.close(outcome.closedSteps());
            Optional<JobState> last = switch (outcome.verdict()) {
                case SUCCEEDED -> Optional.of(JobState.SUCCEEDED);
                case DECLINED -> Optional.of(JobState.DECLINED);
                case DEAD -> Optional.of(JobState.DEAD);
                case CANCELLED -> Optional.of(JobState.CANCELLED);
                case EXPIRED -> Optional.of(JobState.EXPIRED);
                case RETRIED, SNOOZED, PARKED, UNKNOWN -> Optional.empty();
            };
            boolean unsure = last.isPresent() && last.get() != JobState.SUCCEEDED && intents.isAnyOpen();
            if (outcome.verdict() == Outcome.Verdict.RETRIED) {
                failures++;
            }
            Duration wait = last.isEmpty() ? outcome.delay() : unsure ? longer(outcome.delay()) : Duration.ZERO;
            now = now.plus(wait);
            runs.add(new TestedJob.Run(
                    runs.size() + 1,
                    (unsure ? Outcome.Verdict.UNKNOWN : outcome.verdict()).wireName(),
                    outcome.reason(),
                    outcome.detail(),
                    wait));
            return unsure ? Optional.empty() : last;
        }

        private void interrupted(String why) {
            recoveries++;
            runs.add(new TestedJob.Run(runs.size() + 1, "interrupted", why, "", Duration.ZERO));
        }

        private TestedJob end(JobState state, Outcome outcome) {
            if (!pending.left().isEmpty()) {
                throw new IllegalStateException("the job is " + state.wireName() + " and this never came about: "
                        + pending.left() + "; its runs: " + runs);
            }
            List<TestedJob.Follower> followers =
                    outcome.followUps().stream().map(Story::follower).toList();
            return new TestedJob(id, state, outcome.reason(), outcome.result(), runs, calls, followers);
        }

        private static TestedJob.Follower follower(FollowUp followUp) {
            Submission job = followUp.submission();
            return new TestedJob.Follower(
                    job.id(),
                    followUp.queue(),
                    job.type(),
                    job.key(),
                    new String(job.data(), StandardCharsets.UTF_8),
                    job.extensions());
        }

        private RunningJob job(String type) {
            byte @Nullable [] recordKey =
                    key.map(k -> k.getBytes(StandardCharsets.UTF_8)).orElse(null);
            return new RunningJob(
                    id,
                    type,
                    runs.size() + 1,
                    new RunningJob.Place("test", 0, 0),
                    key,
                    new RunningJob.Budget(failures, recoveries, maxFailures),
                    new RunningJob.Times(BEGINNING, Optional.empty()),
                    new RunningJob.Bytes(recordKey, payload, null));
        }

        private static Duration longer(Duration delay) {
            return delay.compareTo(UNSURE_WAIT) > 0 ? delay : UNSURE_WAIT;
        }
    }
}
