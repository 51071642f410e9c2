package dev.muster.client;

import dev.muster.client.MusterClient.Options;
import dev.muster.job.JobId;
import dev.muster.job.JobOutcome;
import dev.muster.kafka.KafkaClients;
import dev.muster.protocol.EventCodec;
import dev.muster.protocol.Topics;
import dev.muster.time.Ticker;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.WakeupException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads {@code muster.events} from where its end was when the first outcome was asked for, and tells whoever waits. What
 * was told before is a {@link LookBack}'s. Uncommitted events are read too: one that the relay has to tell again says
 * the same. Thread-safe; the consumer is confined to the reader's thread.
 */
final class Outcomes implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Outcomes.class);
    static final Duration LIMIT = Duration.ofSeconds(10);
    private static final Duration POLL = Duration.ofMillis(100);
    private static final Duration AFTER_TROUBLE = Duration.ofMillis(250);

    private final KafkaClients clients;
    private final String clientId;
    private final Waiting waiting;
    private final LookBack lookBack;
    private final CountDownLatch stop = new CountDownLatch(1);
    private final CompletableFuture<Boolean> ready = new CompletableFuture<>();
    private final Thread thread;
    private boolean started;
    private Optional<Consumer<byte[], byte[]>> reader = Optional.empty();

    Outcomes(KafkaClients clients, Options options, Ticker ticker, Executor callbacks) {
        this.clients = clients;
        this.clientId = options.clientId() + "-outcomes";
        this.waiting = new Waiting(options.maxWaiting(), ticker, callbacks);
        this.lookBack = new LookBack(clients, options, ticker, waiting);
        this.thread = Thread.ofPlatform().name(clientId).daemon(true).unstarted(this::run);
    }

    /**
     * Waits for an outcome.
     *
     * @param mayBeOver it may have been told already
     */
    CompletableFuture<JobOutcome> await(JobId id, Duration within, boolean mayBeOver) {
        open();
        CompletableFuture<JobOutcome> outcome = waiting.add(id, within);
        if (mayBeOver) {
            // After it is waited for: what the reader has passed by then is before the end that is looked back from.
            lookBack.ask(id);
        }
        return outcome;
    }

    @Override
    public void close() {
        stop.countDown();
        synchronized (this) {
            reader.ifPresent(Consumer::wakeup);
        }
        lookBack.close();
        join(thread);
        waiting.failAll(new IllegalStateException("the client was closed before the job had an outcome"));
    }

    static void join(Thread thread) {
        try {
            thread.join(LIMIT);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Returns when the reader stands at the end of the topic. */
    private void open() {
        synchronized (this) {
            if (stop.getCount() == 0) {
                throw new IllegalStateException("the client is closed");
            }
            if (!started) {
                started = true;
                thread.start();
            }
        }
        try {
            ready.join();
        } catch (CompletionException e) {
            throw new KafkaException("can't read " + Topics.EVENTS + " at " + clients.bootstrap(), e.getCause());
        }
    }

    private void run() {
        try (Consumer<byte[], byte[]> consumer = clients.listener(clientId)) {
            synchronized (this) {
                reader = Optional.of(consumer);
            }
            if (toTheEnd(consumer)) {
                while (stop.getCount() > 0) {
                    round(consumer);
                }
            }
        } catch (WakeupException _) {
            // Only close() wakes it up.
        } catch (RuntimeException e) {
            ready.completeExceptionally(e);
            LOG.error("The reader of {} has ended; outcomes are not told any more", Topics.EVENTS, e);
            waiting.failAll(e);
        } finally {
            ready.completeExceptionally(new IllegalStateException("the client is closed"));
        }
    }

    /** Looks for the topic again and again: a client may start before the coordinator that makes it. */
    private boolean toTheEnd(Consumer<byte[], byte[]> consumer) {
        while (stop.getCount() > 0) {
            List<TopicPartition> partitions = partitions(consumer);
            if (!partitions.isEmpty()) {
                consumer.assign(partitions);
                consumer.seekToEnd(partitions);
                partitions.forEach(
                        partition -> consumer.position(partition, LIMIT)); // else the end is that of the first poll
                ready.complete(true);
                return true;
            }
            pause();
        }
        return false;
    }

    static List<TopicPartition> partitions(Consumer<byte[], byte[]> consumer) {
        return Optional.ofNullable(consumer.partitionsFor(Topics.EVENTS, LIMIT)).orElse(List.of()).stream()
                .map(info -> new TopicPartition(Topics.EVENTS, info.partition()))
                .toList();
    }

    private void round(Consumer<byte[], byte[]> consumer) {
        try {
            consumer.poll(POLL)
                    .forEach(record ->
                            EventCodec.outcome(record.headers(), record.value()).ifPresent(waiting::tell));
        } catch (WakeupException e) {
            throw e;
        } catch (KafkaException e) {
            // Such as a lost permission: an outage alone throws nothing. What is waited for now would wait in vain.
            LOG.warn("Can't read {}; tries again: {}", Topics.EVENTS, e.getMessage());
            waiting.failAll(e);
            pause();
        }
        waiting.expire();
    }

    private void pause() {
        try {
            var _ = stop.await(AFTER_TROUBLE.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException _) {
            stop.countDown(); // nobody interrupts this thread but the JVM's end
        }
    }
}
