package dev.muster.worker.execution;

import org.jspecify.annotations.Nullable;

/**
 * The executor as the lanes see it: another life of it after each restart, and none for moments. A job that finds none
 * has a row and no thread; the census starts it later. Thread-safe.
 */
public final class LateRunner implements Runner {
    private volatile @Nullable JobRunner runner;

    /** Says who it is from now on. */
    public void bind(JobRunner life) {
        runner = life;
    }

    @Override
    public boolean isReady() {
        JobRunner now = runner;
        return now != null && now.isOpen();
    }

    @Override
    public boolean start(Run run, EffectGuard.Intents intents, JobRunner.Listener listener) {
        JobRunner now = runner;
        return now != null && now.start(run, intents, listener);
    }
}
