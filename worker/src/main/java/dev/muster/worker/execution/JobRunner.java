package dev.muster.worker.execution;

import dev.muster.execution.HandlerTerms;
import dev.muster.execution.InvalidPayloadException;
import dev.muster.execution.Said;
import dev.muster.execution.TimedOut;
import dev.muster.execution.Verdicts;
import dev.muster.job.CallUnderWayException;
import dev.muster.job.JobResult;
import dev.muster.job.LostJobException;
import dev.muster.job.ParkedException;
import dev.muster.job.RetryPolicy;
import dev.muster.store.Outcome;
import dev.muster.supervision.ExitReason;
import dev.muster.supervision.runtime.Life;
import dev.muster.supervision.runtime.TaskSupervisor;
import dev.muster.telemetry.HotMeters;
import dev.muster.telemetry.MeterName;
import dev.muster.time.Ticker;
import dev.muster.worker.FaultPoint;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs jobs, each as a task on its own virtual thread with its own timeout. Whatever happens in one (an exception, an
 * error, a thread that ignores its interrupt) ends in an outcome for that one and touches no other. Thread-safe.
 *
 * <p>Told to end, it interrupts all jobs and drops what they say from then on; it has ended when the last thread has.
 * Their rows stay running, and the next life begins them again under a new attempt. INVARIANT: never two threads for
 * one job that could both say something; so whoever gives up waiting for a thread has to end the process. A thread that was
 * abandoned after its timeout has had its say: its run has ended for everybody else.
 */
public final class JobRunner implements Life {
    private static final Logger LOG = LoggerFactory.getLogger(JobRunner.class);
    private static final Duration LOOK_AT_CARRIERS = Duration.ofSeconds(1);

    private final Handlers handlers;
    private final EffectGuard guard;
    private final FaultPoint.Listener faults;
    private final Ticker ticker;
    private final HotMeters meters;
    private final Unending unending;
    private final TaskSupervisor tasks = new TaskSupervisor("executor");
    private final Set<Run> runs = ConcurrentHashMap.newKeySet();
    private volatile boolean closing;
    private final Abandoned abandoned;
    private final ScheduledThreadPoolExecutor timeouts = new ScheduledThreadPoolExecutor(
            1, Thread.ofPlatform().name("timeouts").daemon().factory());

    public JobRunner(
            Handlers handlers,
            EffectGuard guard,
            FaultPoint.Listener faults,
            Ticker ticker,
            MeterRegistry meters,
            Abandoned abandoned,
            Unending unending) {
        this.handlers = handlers;
        this.guard = guard;
        this.faults = faults;
        this.ticker = ticker;
        this.meters = new HotMeters(meters);
        this.abandoned = abandoned;
        this.unending = unending;
        timeouts.setRemoveOnCancelPolicy(true); // else each job's payload would be kept until its time is over
        Carriers carriers = new Carriers();
        ScheduledFuture<?> _ = timeouts.scheduleWithFixedDelay(
                carriers::look, LOOK_AT_CARRIERS.toMillis(), LOOK_AT_CARRIERS.toMillis(), TimeUnit.MILLISECONDS);
        var _ = tasks.onExit().thenRun(timeouts::shutdownNow);
    }

    /** What becomes of threads that don't end when they are interrupted. Thread-safe. */
    public interface Unending {
        /** True when nobody has to wait for them, as the process is about to end. */
        boolean isOfNoMatter();

        /** So many have not ended in time: the process has to. */
        void threads(int count);

        /** So many were abandoned and still run: the process should drain and be started anew. */
        void abandoned(int count);
    }

    /** Where a run's news go: the lane that owns its partition. Called on the run's thread. Thread-safe. */
    public interface Listener {
        void entered(Run run, Instant at);

        void ended(Run run, Outcome outcome);

        /** The run ended without an outcome, since the job is not ours as far as it could see. */
        void dropped(Run run);
    }

    /** Starts the thread of a run that has none yet; false once it was told to end. */
    public boolean start(Run run, EffectGuard.Intents intents, Listener listener) {
        runs.add(run);
        try {
            var _ = tasks.start(() -> carryOut(run, intents, listener));
        } catch (IllegalStateException e) { // it was told to end
            runs.remove(run);
            return false;
        }
        if (closing) {
            run.lose(); // RACE: shutdown() may have gone through the runs before this one was there
        }
        return true;
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
        Optional<HandlerTerms<?>> handler = handlers.find(run.job().type());
        Optional<Instant> deadline = run.job().times().deadline();
        if (deadline.isPresent() && ticker.now().isAfter(deadline.get())) {
            end(run, Verdicts.expired(run.job(), deadline.get()), listener);
        } else if (handler.isEmpty()) {
            end(run, Verdicts.noHandler(run.job()), listener);
        } else {
            call(handler.get(), run, intents, listener);
        }
    }

    private <P> void call(HandlerTerms<P> handler, Run run, EffectGuard.Intents intents, Listener listener) {
        Thread thread = Thread.currentThread();
        // What the handler's own libraries look for, they find in its jar.
        thread.setContextClassLoader(handler.handler().getClass().getClassLoader());
        long started = ticker.nanos();
        ScheduledFuture<?> alarm = timeouts.schedule(
                () -> onTimeout(handler, run, started, listener),
                handler.timeout().toMillis(),
                TimeUnit.MILLISECONDS);
        Said said;
        Outcome outcome;
        try {
            run.begins(thread);
            said = Said.by(handler, run.job(), new RunContext(run, intents, guard, faults, ticker), () -> {
                Instant now = ticker.now();
                run.entered(now);
                listener.entered(run, now);
            });
            outcome = outcome(handler, run, said); // runs the code of what was thrown, so this has to be in time too
        } finally {
            run.left();
            alarm.cancel(false);
        }
        String heard = heard(run, said); // before its end, after which nobody knows whether its time was over
        switch (run.end()) {
            case COUNTS -> {
                meter(run.job().type(), ticker.nanos() - started, heard);
                if (said instanceof Said.Threw(LostJobException _)) {
                    listener.dropped(run);
                } else {
                    listener.ended(run, outcome);
                }
            }
            case LOST -> {
                meter(run.job().type(), ticker.nanos() - started, heard);
                listener.dropped(run);
            }
            case ABANDONED -> {
                abandoned.ended();
                LOG.atInfo()
                        .addKeyValue("job_id", run.id())
                        .log("An abandoned thread has ended; what it says is dropped");
            }
        }
    }

    private static Outcome outcome(HandlerTerms<?> handler, Run run, Said said) {
        return switch (said) {
            case Said.Answered(JobResult result) ->
                heeding(
                        run,
                        run.followUps()
                                .with(
                                        Verdicts.of(
                                                run.job(),
                                                result,
                                                handler.retryPolicy(),
                                                ThreadLocalRandom.current(),
                                                run.enteredAt(),
                                                run.closedSteps()),
                                        result),
                        false);
            case Said.Threw(Throwable thrown) ->
                thrown(
                        handler,
                        run,
                        run.isTimedOut() ? TimedOut.interrupted(handler.timeout(), thrown) : thrown,
                        run.closedSteps());
        };
    }

    /** Somebody may wish the job cancelled. */
    private static Outcome heeding(Run run, Outcome outcome, boolean broke) {
        return run.wish()
                .map(wish -> Verdicts.heeding(wish, outcome, broke))
                .orElse(outcome)
                .unmade(run.unmadeSteps());
    }

    private static Outcome thrown(HandlerTerms<?> handler, Run run, Throwable thrown, List<String> closedSteps) {
        Outcome outcome = Verdicts.of(
                run.job(), thrown, handler.retryPolicy(), ThreadLocalRandom.current(), run.enteredAt(), closedSteps);
        return heeding(run, outcome, !(thrown instanceof InvalidPayloadException));
    }

    private void end(Run run, Outcome outcome, Listener listener) {
        switch (run.end()) {
            case COUNTS -> listener.ended(run, outcome);
            case LOST -> listener.dropped(run);
            case ABANDONED -> abandoned.ended();
        }
    }

    private void onTimeout(HandlerTerms<?> handler, Run run, long started, Listener listener) {
        run.timeOut();
        ScheduledFuture<?> _ = timeouts.schedule(
                () -> abandon(handler, run, started, listener), TimedOut.GRACE.toMillis(), TimeUnit.MILLISECONDS);
    }

    /**
     * The job goes on without its thread, which may run on and can do no harm: it is let into no further call, its
     * outcome is dropped, and a call that it is in has the key that the job's next run will use.
     */
    private void abandon(HandlerTerms<?> handler, Run run, long started, Listener listener) {
        if (!run.abandon()) {
            return;
        }
        StackTraceElement[] stack = run.stack();
        String type = run.job().type();
        boolean tooMany = abandoned.add(type);
        LOG.atWarn()
                .addKeyValue("job_id", run.id())
                .addKeyValue("type", type)
                .log(
                        "A handler ignores its interrupt; its thread is abandoned, its job goes on. It stands at\n{}",
                        TimedOut.frames(stack));
        meter(type, ticker.nanos() - started, "timeout");
        // Without the steps that it has closed: a call may be answered in this moment, and the answer is dropped.
        listener.ended(run, thrown(handler, run, TimedOut.abandoned(handler.timeout(), stack), List.of()));
        if (tooMany) {
            unending.abandoned(abandoned.running());
        }
    }

    private void meter(String type, long nanos, String outcome) {
        meters.counter(MeterName.JOB_ATTEMPTS, type, outcome).increment();
        meters.timer(MeterName.JOB_ATTEMPT, type, outcome).record(nanos, TimeUnit.NANOSECONDS);
    }

    /** One word for the metrics. */
    private static String heard(Run run, Said said) {
        return switch (said) {
            case Said.Answered(JobResult result) ->
                switch (result) {
                    case JobResult.Succeeded s -> "succeeded";
                    case JobResult.Declined d -> "declined";
                    case JobResult.Fail f -> "permanent";
                    case JobResult.Cancelled c -> "cancelled";
                    case JobResult.Retry r -> "retryable";
                    case JobResult.Snooze s -> "snoozed";
                    case JobResult.Unknown u -> "unknown";
                };
            case Said.Threw(LostJobException _) -> "fenced";
            case Said.Threw(ParkedException _) -> "parked";
            case Said.Threw(CallUnderWayException _) -> "unknown";
            case Said.Threw(InvalidPayloadException _) -> "permanent";
            case Said.Threw _ -> broken(run);
        };
    }

    private static String broken(Run run) {
        if (run.wish().isPresent()) {
            return "cancelled";
        }
        if (run.isTimedOut()) {
            return "timeout";
        }
        return run.isCancelled() ? "interrupted" : "retryable";
    }
}
