package dev.muster.worker.lane;

import dev.muster.store.PartitionEpoch;
import dev.muster.store.RunningJob;
import dev.muster.store.StoreException;
import dev.muster.worker.execution.Shares;
import java.time.Duration;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/** Starts a lane's waiting jobs that are due, each queue's share of them. Confined to the lane's thread. */
final class DueStarts {
    private static final Duration LONGEST_REST = Duration.ofSeconds(1);
    private static final Duration SOON = Duration.ofMillis(50);
    private static final Duration DENIED_REST = Duration.ofMillis(20);
    private static final int BATCH = 256;

    private final LaneParts parts;
    private final Consumer<RunningJob> start;
    private final Shares.Claimer claimer = () -> {}; // it asks again by itself
    private long at;

    /** @param start hears of each job that runs now */
    DueStarts(LaneParts parts, Consumer<RunningJob> start) {
        this.parts = parts;
        this.start = start;
        this.at = parts.ticker().nanos();
    }

    /** When it looks again, by the ticker. */
    long at() {
        return at;
    }

    /** Something may be due shortly. */
    void soon() {
        within(SOON);
    }

    /** Something is due after this time. */
    void within(Duration wait) {
        long due = in(wait);
        at = due - at < 0 ? due : at;
    }

    /** True when it is time to look. */
    boolean isTime() {
        return parts.ticker().nanos() - at >= 0;
    }

    /** Nothing may be started now. */
    void none() {
        parts.shares().take(claimer, Map.of(), 0); // no slots are left for what it could have started
        at = in(LONGEST_REST);
    }

    /** Starts what is due in these partitions. */
    void start(List<PartitionEpoch> owned) {
        Map<String, Duration> next = parts.store().nextDue(owned);
        at = in(next.values().stream()
                .filter(d -> d.compareTo(LONGEST_REST) < 0)
                .min(Comparator.naturalOrder())
                .orElse(LONGEST_REST));
        Map<String, Integer> could = new HashMap<>();
        next.forEach((queue, wait) -> {
            if (wait.isZero()) {
                could.put(queue, BATCH);
            }
        });
        Map<String, Integer> granted = parts.shares().take(claimer, could, BATCH);
        if (granted.isEmpty() && !could.isEmpty()) {
            at = in(DENIED_REST);
        }
        Map<String, Integer> left = new HashMap<>(granted);
        try {
            granted.forEach((queue, most) -> {
                left.remove(queue);
                startSome(queue, most, owned);
            });
        } finally {
            left.forEach(parts.shares()::release); // one of the others could not be asked
        }
    }

    private void startSome(String queue, int granted, List<PartitionEpoch> owned) {
        List<PartitionEpoch> its =
                owned.stream().filter(p -> p.queue().equals(queue)).toList();
        List<RunningJob> started;
        try {
            started = parts.store().startDue(its, granted);
        } catch (StoreException e) {
            parts.shares().release(queue, granted);
            throw e;
        }
        parts.shares().release(queue, granted - started.size());
        if (started.size() < granted) {
            parts.shares().hasNoMore(claimer, queue);
        }
        started.forEach(start);
        if (started.isEmpty()) {
            at = in(SOON); // somebody else's by now, or locked: asking again at once would not change that
        }
    }

    private long in(Duration wait) {
        return parts.ticker().nanos() + wait.toNanos();
    }
}
