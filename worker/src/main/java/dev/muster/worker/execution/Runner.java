package dev.muster.worker.execution;

/** Who runs jobs, as the lanes see it. Thread-safe. */
public interface Runner {

    /** False while jobs can't be started: then nothing should become running. */
    boolean isReady();

    /** Starts the thread of a run that has none yet; false: there is nobody to run it now. */
    boolean start(Run run, EffectGuard.Intents intents, JobRunner.Listener listener);
}
