package dev.muster.coordinator.fleet;

import dev.muster.coordinator.process.WorkerProcess;
import dev.muster.fleet.Incarnation;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/** The workers that a coordinator keeps running, by name. Confined to the fleet's thread. */
final class Children {
    /** Surveys that a process may miss before it is killed: a worker that leaves needs a moment to end. */
    private static final int MISSED_BY_LEAVING = 3;

    private final Map<String, Child> byName = new HashMap<>();

    void clear() {
        byName.clear();
    }

    boolean has(String worker) {
        return byName.containsKey(worker);
    }

    @Nullable
    Child find(String worker) {
        return byName.get(worker);
    }

    void put(String worker, Child child) {
        byName.put(worker, child);
    }

    /** Calls for each as they are now; {@code each} may change them. */
    void forEach(BiConsumer<String, Child> each) {
        Map.copyOf(byName).forEach(each);
    }

    /** The processes that run. */
    List<WorkerProcess> processes() {
        return byName.values().stream()
                .filter(Child.Running.class::isInstance)
                .map(child -> ((Child.Running) child).process())
                .toList();
    }

    /** The process of this life, if it is the one that runs under its worker's name. */
    Optional<WorkerProcess> process(Incarnation incarnation) {
        return byName.get(incarnation.worker()) instanceof Child.Running(WorkerProcess process, int _)
                        && process.incarnation().equals(incarnation)
                ? Optional.of(process)
                : Optional.empty();
    }

    /** True while this life holds its worker's name. */
    boolean isCurrent(Incarnation incarnation) {
        return switch (byName.get(incarnation.worker())) {
            case null -> false;
            case Child.Running(WorkerProcess process, int _) ->
                process.incarnation().equals(incarnation);
            case Child.Recovering(Incarnation recovering) -> recovering.equals(incarnation);
            case Child.Waiting _, Child.Launching _, Child.Down _ -> false;
        };
    }

    /** Takes in who is live in Postgres. Who runs and was not, for some surveys in a row, is returned: it should have ended. */
    List<WorkerProcess> overdue(Set<Incarnation> live) {
        forEach((worker, child) -> {
            if (child instanceof Child.Running(WorkerProcess process, int missed)) {
                put(worker, new Child.Running(process, live.contains(process.incarnation()) ? 0 : missed + 1));
            }
        });
        return byName.values().stream()
                .filter(child ->
                        child instanceof Child.Running(WorkerProcess _, int missed) && missed > MISSED_BY_LEAVING)
                .map(child -> ((Child.Running) child).process())
                .toList();
    }

    /** A pool that was given up: what runs is asked to drain, and nothing is started. */
    void stop() {
        forEach((worker, child) -> {
            switch (child) {
                case Child.Running(WorkerProcess process, int _) -> process.terminate();
                case Child.Waiting waiting -> {
                    waiting.restarted().ifPresent(future -> future.complete(Optional.empty()));
                    put(worker, new Child.Down());
                }
                case Child.Launching _, Child.Recovering _, Child.Down _ -> {}
            }
        });
    }

    /** Those that are down may be started again. */
    void raise(long nowNanos) {
        forEach((worker, child) -> {
            if (child instanceof Child.Down) {
                put(worker, new Child.Waiting(nowNanos, Optional.empty()));
            }
        });
    }
}
