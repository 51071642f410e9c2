package dev.muster.worker.execution;

import dev.muster.execution.Steps;
import dev.muster.job.JobCancelledException;
import dev.muster.job.JobContext;
import dev.muster.job.JobId;
import dev.muster.job.LostJobException;
import dev.muster.job.NewJob;
import dev.muster.job.NothingDoneException;
import dev.muster.store.OwnershipStore.Intent;
import dev.muster.store.OwnershipStore.IntentRequest;
import dev.muster.time.Ticker;
import dev.muster.worker.FaultPoint;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;

/** A handler's view of its run. Thread-safe. */
final class RunContext implements JobContext {
    private static final int MAX_NOTE = 200;

    private final Run run;
    private final EffectGuard.Intents intents;
    private final EffectGuard guard;
    private final FaultPoint.Listener faults;
    private final Ticker ticker;
    private final Map<String, Optional<Instant>> unanswered = new ConcurrentHashMap<>();
    /** Steps of this run whose intent is open in Postgres although nothing was done. */
    private final Set<String> unmade = ConcurrentHashMap.newKeySet();

    RunContext(Run run, EffectGuard.Intents intents, EffectGuard guard, FaultPoint.Listener faults, Ticker ticker) {
        this.run = run;
        this.intents = intents;
        this.guard = guard;
        this.faults = faults;
        this.ticker = ticker;
    }

    @Override
    public <T> T effect(String step, EffectCall<T> call) throws Exception {
        Steps.require(step);
        Intent intent = intent(step);
        // The last look before the call. What is left to a zombie between here and the wire is the same call under
        // the same key.
        guard.awaitTrust();
        stopIfLost();
        stopIfCancelled(step, intent);
        faults.reached(FaultPoint.BEFORE_CALL);
        Optional<Instant> before = unmade.contains(step) ? Optional.empty() : intent.unansweredSince();
        unanswered.put(step, before);
        unmade.remove(step);
        run.opened(step); // an earlier call of it in this run may have closed it
        T answer;
        try {
            answer = call.call(intent.idempotencyKey());
        } catch (NothingDoneException e) {
            if (before.isEmpty()) {
                notMade(step);
            }
            throw e;
        }
        faults.reached(FaultPoint.AFTER_CALL);
        run.closed(step);
        return answer;
    }

    @Override
    public JobId submit(String step, String queue, NewJob followUp) {
        return run.followUps().add(step, queue, followUp, ticker.now());
    }

    @Override
    public Optional<Instant> unansweredSince(String step) {
        return unanswered.getOrDefault(step, Optional.empty());
    }

    private Intent intent(String step) throws InterruptedException {
        try {
            return intents.intend(new IntentRequest(run.id(), run.attempt(), step))
                    .get()
                    .orElseThrow(() -> new LostJobException("job " + run.id() + " is not this worker's any more"));
        } catch (ExecutionException e) {
            throw new IllegalStateException("could not store the intent of step " + step, e.getCause());
        }
    }

    /** The intent stands in Postgres, but no call of it has been made that anybody waits for. */
    private void notMade(String step) {
        unmade.add(step);
        run.unmade(step);
    }

    private void stopIfLost() {
        if (run.isLost()) {
            throw new LostJobException("job " + run.id() + " was lost before its call");
        }
    }

    /** A new call is not begun. One that may have been made is repeated: without its answer the job can't be over. */
    private void stopIfCancelled(String step, Intent intent) {
        if (run.wish().isPresent() && (intent.unansweredSince().isEmpty() || unmade.contains(step))) {
            notMade(step);
            throw new JobCancelledException("job " + run.id() + " is to be cancelled, its step " + step + " not begun");
        }
    }

    @Override
    public JobId jobId() {
        return run.id();
    }

    @Override
    public String queue() {
        return run.job().place().queue();
    }

    @Override
    public Optional<String> key() {
        byte[] key = run.job().bytes().key();
        return key == null ? Optional.empty() : Optional.of(new String(key, StandardCharsets.UTF_8));
    }

    @Override
    public int attempt() {
        return run.attempt();
    }

    @Override
    public int failures() {
        return run.job().budget().failures();
    }

    @Override
    public int recoveries() {
        return run.job().budget().recoveries();
    }

    @Override
    public void progress(int percent, String note) {
        if (percent < 0 || percent > 100) {
            throw new IllegalArgumentException("percent is not between 0 and 100: " + percent);
        }
        run.progress(percent, note.length() <= MAX_NOTE ? note : note.substring(0, MAX_NOTE));
    }

    @Override
    public boolean isCancelled() {
        return run.isCancelled();
    }
}
