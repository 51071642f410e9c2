package dev.muster.worker.execution;

import dev.muster.job.JobHandler;
import dev.muster.job.JobResult;
import dev.muster.job.LostJobException;
import dev.muster.job.ParkedException;
import dev.muster.job.RetryPolicy;
import dev.muster.protocol.Envelope;
import dev.muster.protocol.Json;
import dev.muster.protocol.RecordHeaders;
import dev.muster.store.Outcome;
import dev.muster.store.RunningJob;
import dev.muster.supervision.ExitReason;
import dev.muster.supervision.runtime.Life;
import dev.muster.supervision.runtime.TaskSupervisor;
import dev.muster.telemetry.MeterName;
import dev.muster.time.Ticker;
import dev.muster.worker.FaultPoint;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.core.JacksonException;

/**
 * Runs jobs, each as a task on its own virtual thread with its own timeout. Whatever happens in one (an exception, an
 * error, a thread that ignores its interrupt) ends in an outcome for that one and touches no other. Thread-safe.
 *
 * <p>Told to end, it interrupts all jobs and drops what they say from then on; it has ended when the last thread has.
 * Their rows stay running, and the next life starts them again under the same attempt. INVARIANT: never two threads for
 * one job; so whoever gives up waiting for a thread has to end the process.
 */
public final class JobRunner implements Life {
    private static final Logger LOG = LoggerFactory.getLogger(JobRunner.class);
    /** How long an interrupted handler may take to notice before its thread is abandoned. */
    private static final Duration INTERRUPT_GRACE = Duration.ofSeconds(5);

    private final Handlers handlers;
    private final EffectGuard guard;
    private final FaultPoint.Listener faults;
    private final Ticker ticker;
    private final MeterRegistry meters;
    private final Unending unending;
    private final TaskSupervisor tasks = new TaskSupervisor("executor");
    private final Set<Run> runs = ConcurrentHashMap.newKeySet();
    private volatile boolean closing;
    private final ScheduledExecutorService timeouts = Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().name("timeouts").daemon().factory());

    public JobRunner(
            Handlers handlers,
            EffectGuard guard,
            FaultPoint.Listener faults,
            Ticker ticker,
            MeterRegistry meters,
            Unending unending) {
        this.handlers = handlers;
        this.guard = guard;
        this.faults = faults;
        this.ticker = ticker;
        this.meters = meters;
        this.unending = unending;
        var _ = tasks.onExit().thenRun(timeouts::shutdownNow);
    }

    /** What becomes of threads that don't end when they are interrupted. Thread-safe. */
    public interface Unending {
        /** True when nobody has to wait for them, as the process is about to end. */
        boolean isOfNoMatter();

        /** So many have not ended in time: the process has to. */
        void threads(int count);
    }

    /** Where a run's news go: the lane that owns its partition. Called on the run's thread. Thread-safe. */
    public interface Listener {
        void entered(Run run, Instant at);

        void ended(Run run, Outcome outcome);

        /** The run ended without an outcome, since the job is not ours as far as it could see. */
        void dropped(Run run);
    }

    /** Starts a job's thread; empty once it was told to end. */
    public Optional<Run> start(RunningJob job, EffectGuard.Intents intents, Listener listener) {
        Run run = new Run(job);
        runs.add(run);
        try {
            var _ = tasks.start(() -> carryOut(run, intents, listener));
        } catch (IllegalStateException e) { // it was told to end
            runs.remove(run);
            return Optional.empty();
        }
        if (closing) {
            run.lose(); // RACE: shutdown() may have gone through the runs before this one was there
        }
        return Optional.of(run);
    }

    /** False once it was told to end. */
    public boolean isOpen() {
        return !closing;
    }

    @Override
    public CompletableFuture<ExitReason> onExit() {
        return tasks.onExit();
    }

    @Override
    public void shutdown() {
        closing = true;
        runs.forEach(Run::lose); // first: what an interrupted handler says is no outcome
        if (unending.isOfNoMatter()) {
            tasks.kill();
        } else {
            tasks.shutdown();
        }
    }

    @Override
    public void kill() {
        if (!tasks.onExit().isDone()) {
            shutdown();
            unending.threads(tasks.active());
            tasks.kill();
        }
    }

    private void carryOut(Run run, EffectGuard.Intents intents, Listener listener) {
        try {
            run(run, intents, listener);
        } catch (RuntimeException | Error e) {
            // Not by the handler's run, which has a boundary of its own: by what it says of itself, or by ours.
            // It spends an attempt all the same, or the census would start it again and again.
            LOG.atError().addKeyValue("job_id", run.id()).setCause(e).log("A run broke down outside its handler");
            end(
                    run,
                    Verdicts.of(
                            run.job(),
                            e,
                            RetryPolicy.defaults(),
                            ThreadLocalRandom.current(),
                            run.enteredAt(),
                            run.closedSteps()),
                    listener);
        } finally {
            runs.remove(run);
        }
    }

    private void run(Run run, EffectGuard.Intents intents, Listener listener) {
        Optional<JobHandler<?>> handler = handlers.find(run.job().type());
        Optional<Instant> deadline = run.job().times().deadline();
        if (deadline.isPresent() && ticker.now().isAfter(deadline.get())) {
            end(run, Verdicts.expired(run.job(), deadline.get()), listener);
        } else if (handler.isEmpty()) {
            end(run, Verdicts.noHandler(run.job()), listener);
        } else {
            call(handler.get(), run, intents, listener);
        }
    }

    private <P> void call(JobHandler<P> handler, Run run, EffectGuard.Intents intents, Listener listener) {
        @Nullable P payload;
        try {
            payload = payload(handler, run.job());
        } catch (JacksonException e) {
            end(run, Verdicts.invalidPayload(run.job(), e.getOriginalMessage()), listener);
            return;
        }
        if (payload == null) {
            end(run, Verdicts.invalidPayload(run.job(), "the payload is null"), listener);
            return;
        }
        Duration timeout = handler.timeout();
        ScheduledFuture<?> alarm = timeouts.schedule(
                () -> onTimeout(run, handler, timeout, listener), timeout.toMillis(), TimeUnit.MILLISECONDS);
        long started = ticker.nanos();
        Instant now = ticker.now();
        run.entered(Thread.currentThread(), now);
        listener.entered(run, now);
        RunContext context = new RunContext(run, intents, guard, faults);
        JobResult result = null;
        Throwable thrown = null;
        try {
            result = handler.run(payload, context);
        } catch (Throwable e) { // the handler's boundary: nothing that it throws may reach anybody else
            thrown = e;
        } finally {
            run.left();
            alarm.cancel(false);
        }
        meter(run, ticker.nanos() - started, result, thrown);
        if (thrown instanceof LostJobException) {
            run.end();
            listener.dropped(run);
            return;
        }
        end(run, verdict(handler, run, result, thrown, timeout), listener);
    }

    private Outcome verdict(
            JobHandler<?> handler, Run run, @Nullable JobResult result, @Nullable Throwable thrown, Duration timeout) {
        ThreadLocalRandom random = ThreadLocalRandom.current();
        if (result != null) {
            return Verdicts.of(run.job(), result, handler.retryPolicy(), random, run.enteredAt(), run.closedSteps());
        }
        Throwable cause = thrown == null ? new IllegalStateException("the handler returned null") : thrown;
        if (run.isTimedOut()) {
            cause = new IllegalStateException("timed out after " + timeout, cause);
        }
        return Verdicts.of(run.job(), cause, handler.retryPolicy(), random, run.enteredAt(), run.closedSteps());
    }

    private void end(Run run, Outcome outcome, Listener listener) {
        if (run.end()) {
            listener.ended(run, outcome);
        } else {
            listener.dropped(run);
        }
    }

    private void onTimeout(Run run, JobHandler<?> handler, Duration timeout, Listener listener) {
        run.timeOut();
        ScheduledFuture<?> _ = timeouts.schedule(
                () -> {
                    Outcome outcome = verdict(handler, run, null, null, timeout);
                    if (run.isTimedOut() && run.end()) {
                        LOG.atWarn()
                                .addKeyValue("job_id", run.id())
                                .log(
                                        "A handler ignores its interrupt; its thread is abandoned and its job goes on without it");
                        listener.ended(run, outcome);
                    }
                },
                INTERRUPT_GRACE.toMillis(),
                TimeUnit.MILLISECONDS);
    }

    private static <P> @Nullable P payload(JobHandler<P> handler, RunningJob job) {
        byte[] headers = job.bytes().headers();
        byte[] data = headers == null
                ? job.bytes().value()
                : Envelope.data(RecordHeaders.decode(headers), job.bytes().value());
        return Json.MAPPER.readValue(data, handler.payloadType());
    }

    private void meter(Run run, long nanos, @Nullable JobResult result, @Nullable Throwable thrown) {
        String outcome = result == null
                ? thrownOutcome(run, thrown)
                : switch (result) {
                    case JobResult.Succeeded s -> "succeeded";
                    case JobResult.Declined d -> "declined";
                    case JobResult.Fail f -> "permanent";
                    case JobResult.Cancelled c -> "cancelled";
                    case JobResult.Retry r -> "retryable";
                    case JobResult.Snooze s -> "snoozed";
                    case JobResult.Unknown u -> "unknown";
                };
        String type = run.job().type();
        MeterName.JOB_ATTEMPTS.counter(meters, type, outcome).increment();
        MeterName.JOB_ATTEMPT.timer(meters, type, outcome).record(nanos, TimeUnit.NANOSECONDS);
    }

    private static String thrownOutcome(Run run, @Nullable Throwable thrown) {
        if (thrown instanceof LostJobException) {
            return "fenced";
        }
        if (thrown instanceof ParkedException) {
            return "parked";
        }
        if (run.isTimedOut()) {
            return "timeout";
        }
        return run.isCancelled() ? "interrupted" : "retryable";
    }
}
