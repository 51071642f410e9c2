package dev.muster.worker.execution;

import dev.muster.store.RunningJob;
import java.util.List;
import java.util.Map;

/** Who runs jobs, as the lanes see it. Thread-safe. */
public interface Runner {

    /** False while jobs can't be started: then nothing should become running. */
    boolean isReady();

    /**
     * Starts a thread that runs these jobs one after the other, for as long as each succeeds; the rest is put back.
     *
     * @param group one job, or several of one key in their order
     * @return a run for each; empty: there is nobody to run them now
     */
    List<Run> start(List<RunningJob> group, EffectGuard.Intents intents, JobRunner.Listener listener);

    /** Of which types more than one job of a key may be started at once, and how many of each: those that are quick. */
    Map<String, Integer> groups();
}
