package dev.muster.coordinator.recovery;

import dev.muster.coordinator.leadership.Leadership;
import dev.muster.coordinator.quarantine.Blame;
import dev.muster.coordinator.quarantine.SuspicionRule;
import dev.muster.coordinator.recovery.Steps.Step;
import dev.muster.fleet.Incarnation;
import dev.muster.protocol.Command;
import dev.muster.store.FleetStore;
import dev.muster.store.FleetStore.FenceVerdict;
import dev.muster.store.IncidentStore;
import dev.muster.store.QuarantineStore;
import dev.muster.store.StoreException;
import dev.muster.store.Suspicion;
import dev.muster.telemetry.MeterName;
import dev.muster.time.Ticker;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/**
 * What is done when a worker has died: fence, kill, evict, restart. An exit is a fact, so there is nothing to kill, and
 * fence and evict run side by side. After silence the order matters: first nobody may believe it any more, then it is
 * ended, then its partitions move. A slow fence holds up neither kill nor evict for more than 300 ms; only adoption, and
 * the restart under the same name, must wait for it. Thread-safe; one call per death, on a thread that may wait.
 */
public final class Recovery {
    private static final Logger LOG = LoggerFactory.getLogger(Recovery.class);
    private static final Duration FENCE_PATIENCE = Duration.ofMillis(300);
    private static final Duration RESTART_PATIENCE = Duration.ofSeconds(30);
    /** The fence ends by itself when another leads. */
    private static final Duration WHILE_IT_LEADS = Duration.ofDays(365);

    private static final Duration FENCE_AGAIN = Duration.ofMillis(50);
    private static final Duration EVICT_AGAIN = Duration.ofMillis(250);
    /** With what each one waits, half a minute: then the session timeout has long done it. */
    private static final int EVICT_TRIES = 10;

    private final Collaborators with;
    private final boolean killLost;
    private final Ticker ticker;
    private final MeterRegistry meters;
    private final ExecutorService tasks;

    /** @param tasks starts a thread per task that may wait, such as a virtual one */
    public Recovery(Collaborators with, boolean killLost, Ticker ticker, MeterRegistry meters, ExecutorService tasks) {
        this.with = with;
        this.killLost = killLost;
        this.ticker = ticker;
        this.meters = meters;
        this.tasks = tasks;
        MeterName.JOBS_CONVICTED.counter(meters); // at 0, so that the first is an increase
    }

    /** Whom it works with. */
    public record Collaborators(
            Leadership leadership,
            FleetStore fleet,
            QuarantineStore suspects,
            IncidentStore incidents,
            Evictor evictor,
            Announcer announcer) {}

    /** Is asked for the restart as soon as the fence stands. */
    @FunctionalInterface
    public interface Restarter {
        /** Completes with the new life; with an empty value where none follows. */
        CompletableFuture<Optional<Incarnation>> restart(Death death);
    }

    /**
     * Fences and evicts nobody, so that the first real death meets open connections and loaded code: cold, these two
     * steps were measured to take half a second instead of a few milliseconds.
     */
    public void rehearse(String pool) throws InterruptedException {
        Incarnation nobody = new Incarnation("rehearsal.0");
        try {
            with.fleet().fence(nobody, "rehearsal", nobody.id(), OptionalLong.empty());
            with.suspects().inFlight(nobody);
            with.suspects().fence(nobody, "rehearsal", nobody.id(), 0, Suspicion.Judgement.none(pool));
            with.fleet().endBackends(nobody);
            with.evictor().evict(nobody, pool);
        } catch (StoreException e) {
            LOG.debug("The rehearsal failed: {}", e.getMessage());
        }
    }

    /** Does all of it; returns when the last step is done or given up. */
    public void recover(Death death, long epoch, Restarter restarter) throws InterruptedException {
        Instant detected = ticker.now();
        Steps steps = new Steps(death, meters, ticker::nanos);
        LOG.atLevel(death.isOrderly() ? Level.INFO : Level.WARN)
                .addKeyValue("incarnation", death.incarnation())
                .log(describe(death));
        if (death instanceof Death.Silence silence) {
            MeterName.FAILURE_DETECTION.timer(meters, "silence").record(silence.lasted());
        }
        CompletableFuture<FenceVerdict> fence = async(() -> fence(death, epoch, steps));
        CompletableFuture<Optional<Incarnation>> restart = fence.thenCompose(verdict -> {
            if (verdict == FenceVerdict.DEPOSED) {
                return CompletableFuture.completedFuture(Optional.empty());
            }
            with.announcer().announce(new Command.Fenced(death.incarnation()));
            return restarter.restart(death);
        });
        CompletableFuture<Void> evict;
        switch (death) {
            case Death.Exit _ -> {
                evict = async(() -> evict(death, epoch, steps));
                await(fence, FENCE_PATIENCE);
            }
            case Death.Silence silence -> {
                await(fence, FENCE_PATIENCE);
                if (!with.leadership().leads(epoch)) {
                    LOG.warn("No longer leads, so the recovery of {} is the next leader's", death.incarnation());
                    return;
                }
                kill(silence, steps);
                evict = async(() -> evict(death, epoch, steps));
            }
        }
        Optional<Long> incident = open(death, detected, epoch, fence);
        await(evict, RESTART_PATIENCE);
        await(fence, WHILE_IT_LEADS); // whoever found it missing would begin a second recovery beside this one
        await(restart, RESTART_PATIENCE)
                .ifPresent(next ->
                        steps.done(Step.RESTART, next.map(Incarnation::id).orElse("none")));
        incident.ifPresent(id -> close(id, steps));
    }

    private FenceVerdict fence(Death death, long epoch, Steps steps) {
        Incarnation incarnation = death.incarnation();
        while (with.leadership().leads(epoch)) {
            try {
                Suspicion.Judgement judgement = judge(death);
                FenceVerdict verdict = with.suspects()
                        .fence(
                                incarnation,
                                death.fencedReason(),
                                with.leadership().name(),
                                epoch,
                                judgement);
                steps.done(Step.FENCE, verdict);
                if (verdict == FenceVerdict.FENCED) {
                    tell(judgement, steps);
                }
                return verdict;
            } catch (StoreException e) {
                unlock(incarnation, e);
            }
        }
        return FenceVerdict.DEPOSED;
    }

    /**
     * Who was in flight when a process ended by itself is judged before the fence and in its statement. What the dead may
     * still have had on its way to Postgres does no harm: a row that has gone or come since is nobody's suspect.
     */
    private Suspicion.Judgement judge(Death death) {
        Blame blame = death.blame();
        return blame == Blame.NOBODY || !(death instanceof Death.Exit exit)
                ? Suspicion.Judgement.none(death.pool())
                : SuspicionRule.judge(
                        blame,
                        death.incarnation(),
                        death.pool(),
                        exit.report().describe(),
                        with.suspects().inFlight(death.incarnation()));
    }

    private void tell(Suspicion.Judgement judgement, Steps steps) {
        for (Suspicion.Standing standing : List.of(Suspicion.Standing.SUSPECTED, Suspicion.Standing.CONVICTED)) {
            List<String> jobs = judgement.jobs().stream()
                    .filter(job -> job.suspicion().standing() == standing)
                    .map(job -> job.id().toString())
                    .toList();
            if (!jobs.isEmpty()) {
                steps.note(standing.name().toLowerCase(Locale.ROOT), jobs);
            }
        }
        judgement.jobs().stream().flatMap(job -> job.summary().stream()).forEach(summary -> {
            MeterName.JOBS_CONVICTED.counter(meters).increment();
            LOG.warn(summary);
        });
    }

    /** What held the fence up is ended, so that the next attempt gets through; whatever it was, there is one. */
    private void unlock(Incarnation incarnation, StoreException e) {
        LOG.warn("The fence of {} can't be written: {}; tries again", incarnation, e.getMessage());
        if (e.code() == StoreException.Code.CONTENDED) {
            try {
                int ended = with.fleet().endBackends(incarnation);
                LOG.warn("Ended {} sessions of {} that held locks", ended, incarnation);
                return;
            } catch (StoreException again) {
                LOG.debug("The sessions of {} could not be ended: {}", incarnation, again.getMessage());
            }
        }
        LockSupport.parkNanos(FENCE_AGAIN.toNanos());
    }

    private void kill(Death.Silence silence, Steps steps) {
        if (killLost && silence.process().isPresent()) {
            silence.process().get().kill();
            steps.done(Step.KILL, "killed " + silence.process().get().pid());
        }
    }

    /** Until Kafka says that it is out: without it, the partitions stay with the dead for the group's session timeout. */
    private Void evict(Death death, long epoch, Steps steps) throws InterruptedException {
        Evictor.Result result = with.evictor().evict(death.incarnation(), death.pool());
        for (int tries = 1; result == Evictor.Result.FAILED && tries < EVICT_TRIES; tries++) {
            if (!with.leadership().leads(epoch)) {
                break; // the group's session timeout does it
            }
            LockSupport.parkNanos(EVICT_AGAIN.toNanos());
            result = with.evictor().evict(death.incarnation(), death.pool());
        }
        steps.done(Step.EVICT, result);
        return null;
    }

    /** No incident for a worker that left as it should or was stopped, or that somebody else has fenced without an exit code to show. */
    private Optional<Long> open(Death death, Instant detected, long epoch, CompletableFuture<FenceVerdict> fence) {
        boolean fencedBefore =
                fence.isDone() && !fence.isCompletedExceptionally() && fence.join() == FenceVerdict.ALREADY;
        boolean isUnremarkable = death.isOrderly()
                || (fencedBefore
                        && death instanceof Death.Exit exit
                        && exit.report().code().isEmpty());
        if (isUnremarkable) {
            return Optional.empty();
        }
        try {
            return with.incidents()
                    .open(kind(death), death.incarnation().id(), describe(death), facts(death, detected), epoch);
        } catch (StoreException e) {
            LOG.warn("The incident of {} could not be recorded: {}", death.incarnation(), e.getMessage());
            return Optional.empty();
        }
    }

    private void close(long id, Steps steps) {
        try {
            with.incidents().close(id, steps.detail());
        } catch (StoreException e) {
            LOG.warn("The end of incident {} could not be recorded: {}", id, e.getMessage());
        }
    }

    private static String kind(Death death) {
        return switch (death) {
            case Death.Exit _ -> "worker_exited";
            case Death.Silence _ -> "worker_silent";
        };
    }

    private static String describe(Death death) {
        Incarnation incarnation = death.incarnation();
        return switch (death) {
            case Death.Exit exit ->
                "Worker " + incarnation + " ended with " + exit.report().describe()
                        + (exit.isLeave() ? ", after its drain" : "; its running jobs are adopted by the others")
                        + (exit.wanted() ? "; it was told to end" : "");
            case Death.Silence silence ->
                "Worker " + incarnation + " has been silent for "
                        + silence.lasted().toMillis()
                        + " ms and its health port does not answer; its running jobs are adopted by the others";
        };
    }

    private static Map<String, Object> facts(Death death, Instant detected) {
        Map<String, Object> facts = new LinkedHashMap<>();
        facts.put("detected_at", detected.toString()); // the steps' times count from it
        switch (death) {
            case Death.Exit exit -> {
                exit.report().code().ifPresent(code -> facts.put("exit_code", code));
                exit.report().reason().ifPresent(reason -> facts.put("exit_reason", reason));
                facts.put("last_log_lines", exit.report().lastLines());
            }
            case Death.Silence silence ->
                facts.put("silent_ms", silence.lasted().toMillis());
        }
        return facts;
    }

    private <T extends @org.jspecify.annotations.Nullable Object> CompletableFuture<T> async(
            java.util.concurrent.Callable<T> task) {
        CompletableFuture<T> future = new CompletableFuture<>();
        tasks.execute(() -> {
            try {
                future.complete(task.call());
            } catch (Throwable e) {
                if (e instanceof InterruptedException) {
                    Thread.currentThread().interrupt();
                }
                future.completeExceptionally(e);
            }
        });
        return future;
    }

    private static <T> Optional<T> await(CompletableFuture<T> future, Duration patience) throws InterruptedException {
        try {
            return Optional.ofNullable(future.get(patience.toNanos(), TimeUnit.NANOSECONDS));
        } catch (TimeoutException e) {
            return Optional.empty();
        } catch (ExecutionException e) {
            LOG.error("A step of a recovery failed; the others go on", e.getCause());
            return Optional.empty();
        }
    }
}
