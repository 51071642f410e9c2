package dev.muster.worker.execution;

import dev.muster.store.RunningJob;
import java.util.Optional;

/** Who runs jobs, as the lanes see it. Thread-safe. */
public interface Runner {

    /** False while jobs can't be started: then nothing should become running. */
    boolean isReady();

    /** Starts a job's thread; empty: there is nobody to run it now. */
    Optional<Run> start(RunningJob job, EffectGuard.Intents intents, JobRunner.Listener listener);
}
