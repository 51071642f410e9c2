package dev.muster.supervision.runtime;

import dev.muster.supervision.ExitReason;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Tasks on virtual threads: temporary children without order, thousands of them. The crash of one reaches only who awaits
 * it. Ends with all of them. Thread-safe.
 *
 * <p>Source: Elixir, {@code Task.Supervisor}.
 */
public final class TaskSupervisor implements Life {
    private final String path;
    private final Set<ThreadLife> tasks = ConcurrentHashMap.newKeySet();
    private final CompletableFuture<ExitReason> exit = new CompletableFuture<>();
    private volatile boolean closing;

    public TaskSupervisor(String path) {
        this.path = path;
    }

    /** A task that somebody may wait for. */
    public static final class Task<T> {
        private final ThreadLife life;
        private final CompletableFuture<T> result;

        private Task(ThreadLife life, CompletableFuture<T> result) {
            this.life = life;
            this.result = result;
        }

        /**
         * Waits for its result.
         *
         * @throws ExecutionException when it has crashed, with its exception
         * @throws TimeoutException when it takes longer; it is asked to end then, since nobody waits for it any more
         */
        public T await(Duration patience) throws InterruptedException, ExecutionException, TimeoutException {
            try {
                return result.get(patience.toNanos(), TimeUnit.NANOSECONDS);
            } catch (TimeoutException e) {
                life.shutdown();
                throw e;
            }
        }
    }

    /**
     * Starts a task that nobody waits for.
     *
     * @throws IllegalStateException once the supervisor was told to end
     */
    public Life start(ThreadLife.Body body) {
        return run(body);
    }

    /** Starts a task whose result or crash {@link Task#await} tells; same condition. */
    public <T> Task<T> async(Callable<T> body) {
        CompletableFuture<T> result = new CompletableFuture<>();
        ThreadLife life = run(() -> {
            try {
                result.complete(body.call());
            } catch (Throwable e) {
                result.completeExceptionally(e);
                throw e;
            }
        });
        return new Task<>(life, result);
    }

    /** How many run. */
    public int active() {
        return tasks.size();
    }

    @Override
    public CompletableFuture<ExitReason> onExit() {
        return exit;
    }

    /** Asks all tasks to end, and ends with the last. */
    @Override
    public void shutdown() {
        closing = true;
        tasks.forEach(ThreadLife::shutdown);
        endIfEmpty();
    }

    @Override
    public void kill() {
        closing = true;
        tasks.forEach(ThreadLife::kill);
        exit.complete(new ExitReason.Killed());
    }

    private ThreadLife run(ThreadLife.Body body) {
        if (closing) {
            throw new IllegalStateException(path + " takes no more tasks");
        }
        ThreadLife life = ThreadLife.task(path, body);
        tasks.add(life);
        if (closing) {
            life.shutdown(); // RACE: the shutdown may have gone through the tasks before this one was there
        }
        var _ = life.onExit().thenRun(() -> {
            tasks.remove(life);
            endIfEmpty();
        });
        return life;
    }

    private void endIfEmpty() {
        if (closing && tasks.isEmpty()) {
            exit.complete(new ExitReason.Shutdown());
        }
    }
}
