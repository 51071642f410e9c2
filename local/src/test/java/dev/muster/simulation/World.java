package dev.muster.simulation;

import dev.muster.time.Ticker;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.PriorityQueue;
import java.util.SplittableRandom;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Time, chance and what is to happen: one queue of events, in the order of their times. */
final class World {
    private static final Instant ORIGIN = Instant.parse("2026-01-01T00:00:00Z");
    private static final int KEPT = 20_000;

    private final PriorityQueue<Event> events = new PriorityQueue<>();
    private final SplittableRandom random;
    private final boolean traces;
    private final Deque<String> trace = new ArrayDeque<>();
    private final Ticker ticker = new TestTicker();
    private @Nullable Fiber current;
    private @Nullable String broken;
    private long now;
    private long sequence;
    private long digest;
    private boolean calm;

    World(long seed, boolean traces) {
        this.random = new SplittableRandom(seed);
        this.traces = traces;
    }

    private record Event(long at, long sequence, Runnable action) implements Comparable<Event> {
        @Override
        public int compareTo(Event other) {
            return at != other.at ? Long.compare(at, other.at) : Long.compare(sequence, other.sequence);
        }
    }

    private final class TestTicker implements Ticker {
        @Override
        public long nanos() {
            return now;
        }

        @Override
        public Instant now() {
            return instant(now);
        }
    }

    static Instant instant(long nanos) {
        return ORIGIN.plusNanos(nanos);
    }

    static long nanos(Instant instant) {
        return Duration.between(ORIGIN, instant).toNanos();
    }

    static long millis(long millis) {
        return millis * 1_000_000;
    }

    Ticker ticker() {
        return ticker;
    }

    long now() {
        return now;
    }

    /** No faults any more, neither of processes nor of messages. */
    void calmDown() {
        calm = true;
    }

    boolean isCalm() {
        return calm;
    }

    void at(long time, Runnable action) {
        events.add(new Event(Math.max(now, time), sequence++, action));
    }

    void after(long nanos, Runnable action) {
        at(now + nanos, action);
    }

    /** The next event; false when there is none before {@code end}, or a rule is broken. */
    boolean step(long end) {
        Event next = events.peek();
        if (next == null || next.at() > end || broken != null) {
            return false;
        }
        events.remove();
        now = next.at();
        digest = digest * 31 + now;
        next.action().run();
        return true;
    }

    /** Runs a thread until it pauses, and remembers that it is the one. */
    void enter(Fiber fiber, Runnable how) {
        Fiber before = current;
        current = fiber;
        try {
            how.run();
        } finally {
            current = before;
        }
    }

    Fiber current() {
        if (current == null) {
            throw new IllegalStateException("INVARIANT: only a thread of the simulation can wait");
        }
        return current;
    }

    Fiber currentOr(Fiber nobody) {
        return current == null ? nobody : current;
    }

    // ---- chance ----

    /** At least {@code low}, below {@code high}. */
    long between(long low, long high) {
        return random.nextLong(low, high);
    }

    long millisBetween(long low, long high) {
        return random.nextLong(millis(low), millis(high));
    }

    boolean chance(double probability) {
        return random.nextDouble() < probability;
    }

    <T> T any(List<T> of) {
        return of.get(random.nextInt(of.size()));
    }

    SplittableRandom random() {
        return random;
    }

    // ---- what is told of it ----

    void note(Supplier<String> what) {
        if (traces) {
            String line = String.format("%9.3f ms  %s", now / 1e6, what.get());
            trace.addLast(line);
            if (trace.size() > KEPT) {
                trace.removeFirst();
            }
        }
    }

    /** A rule does not hold; the first one counts. */
    void breaks(String rule) {
        if (broken == null) {
            broken = rule;
            note(() -> "BROKEN: " + rule);
        }
    }

    Optional<String> broken() {
        return Optional.ofNullable(broken);
    }

    List<String> trace() {
        return new ArrayList<>(trace);
    }

    /** The same for two runs of the same seed. */
    long digest() {
        return digest;
    }
}
