package dev.muster.local.drill;

import dev.muster.local.CommandException;
import dev.muster.local.trial.Evidence;
import dev.muster.local.trial.Load;
import dev.muster.local.trial.Pacing;
import dev.muster.local.trial.PaymentJobs;
import dev.muster.time.Ticker;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.kafka.clients.producer.Producer;
import org.jspecify.annotations.Nullable;

/**
 * Payments at a steady rate from a thread of its own, so that no fault that somebody waits for slows it. While Kafka is
 * away the producer keeps them, and sends late what was due. Thread-safety: thread-safe.
 */
final class SteadyLoad implements AutoCloseable {
    private static final Duration TICK = Duration.ofMillis(10);
    private static final Duration LAST_WORDS = Duration.ofSeconds(10);

    private final Load load;
    private final Producer<byte[], byte[]> producer;
    private final Ticker ticker;
    private final CountDownLatch stopped = new CountDownLatch(1);
    private final AtomicReference<@Nullable CommandException> failure = new AtomicReference<>();
    private final Thread thread;

    private SteadyLoad(PaymentJobs jobs, double rate, Producer<byte[], byte[]> producer, Ticker ticker) {
        this.load = new Load(jobs, new Pacing(rate), Integer.MAX_VALUE, producer);
        this.producer = producer;
        this.ticker = ticker;
        this.thread = Thread.ofPlatform().name("drill-load").daemon().unstarted(this::run);
    }

    /** Begins at once. The producer is closed with it. */
    static SteadyLoad start(PaymentJobs jobs, double rate, Producer<byte[], byte[]> producer, Ticker ticker) {
        SteadyLoad load = new SteadyLoad(jobs, rate, producer, ticker);
        load.thread.start();
        return load;
    }

    /** Throws what has ended it, if anything has, and when Kafka has refused a job for good. */
    void check() {
        load.check();
        CommandException failed = failure.get();
        if (failed != null) {
            throw failed;
        }
    }

    /** Sends nothing new from now on; false while Kafka has yet to acknowledge something. */
    boolean isStopped() {
        stopped.countDown();
        boolean over = !thread.isAlive() && load.isAcknowledged();
        check(); // after it: the last that the thread does may be to say why it ended
        return over;
    }

    int sentCount() {
        return load.sentCount();
    }

    List<Evidence.Submitted> acknowledged() {
        return load.acknowledged();
    }

    @Override
    public void close() {
        stopped.countDown();
        producer.close(LAST_WORDS);
    }

    private void run() {
        long start = ticker.nanos();
        try {
            while (!stopped.await(TICK.toNanos(), TimeUnit.NANOSECONDS)) {
                load.sendDue(ticker.nanos() - start, Long.MAX_VALUE);
            }
        } catch (CommandException e) {
            failure.set(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (RuntimeException e) {
            failure.set(CommandException.failed("the drill can't submit: " + e.getMessage()));
        }
    }
}
