package dev.muster.worker;

import dev.muster.job.JobContext;
import dev.muster.job.JobHandler;
import dev.muster.job.JobResult;
import dev.muster.job.RetryPolicy;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;

/** The worst that a handler can do short of ending its process; its payload says what. One failure is its limit. */
final class PoisonHandler implements JobHandler<PoisonHandler.Dose> {
    static final int LEAKED_THREADS = 1_000;

    private static final AtomicLong COUNTER = new AtomicLong();

    private final String type;
    private final Duration timeout;

    PoisonHandler(String type, Duration timeout) {
        this.type = type;
        this.timeout = timeout;
    }

    /** What it is to do; some kinds do it in the payload's own constructor. */
    record Dose(String kind) {
        Dose {
            switch (kind) {
                case "constructor-throws" -> throw new IllegalStateException("a constructor that throws");
                case "constructor-errs" -> throw new AssertionError("a constructor that errs");
                case "constructor-loops" -> spin();
                default -> {}
            }
        }
    }

    @Override
    public String type() {
        return type;
    }

    @Override
    public Class<Dose> payloadType() {
        return Dose.class;
    }

    @Override
    public Duration timeout() {
        return timeout;
    }

    @Override
    public RetryPolicy retryPolicy() {
        return new RetryPolicy(1, Duration.ofMillis(10), Duration.ofMillis(10));
    }

    @Override
    public JobResult run(Dose dose, JobContext context) {
        return switch (dose.kind()) {
            case "loop" -> {
                spin();
                yield JobResult.succeeded();
            }
            case "overflow" -> JobResult.succeeded("depth " + fall(0));
            case "huge-result" -> JobResult.succeeded("x".repeat(100_000_000));
            case "huge-message" -> throw new IllegalStateException("x".repeat(50_000_000));
            case "bad-message" -> throw new BadMessage();
            case "threads" -> leak();
            default -> throw new IllegalArgumentException("no such kind: " + dose.kind());
        };
    }

    /** Computes without end, and has no eye for interrupts. */
    private static void spin() {
        while (COUNTER.incrementAndGet() != 0) {
            Thread.onSpinWait();
        }
    }

    private static long fall(long depth) {
        return depth < 0 ? depth : 1 + fall(depth + 1);
    }

    private static JobResult leak() {
        CountDownLatch never = new CountDownLatch(1);
        for (int i = 0; i < LEAKED_THREADS; i++) {
            Thread.ofPlatform().name("leaked-" + i).start(() -> {
                try {
                    never.await();
                } catch (InterruptedException _) {
                    // Nobody does.
                }
            });
        }
        return JobResult.succeeded();
    }

    private static final class BadMessage extends RuntimeException {
        private static final long serialVersionUID = 1L;

        @Override
        public String getMessage() {
            throw this;
        }
    }
}
