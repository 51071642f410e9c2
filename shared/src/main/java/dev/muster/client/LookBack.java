package dev.muster.client;

import dev.muster.client.MusterClient.Options;
import dev.muster.job.JobId;
import dev.muster.job.JobOutcome;
import dev.muster.kafka.KafkaClients;
import dev.muster.protocol.EventCodec;
import dev.muster.protocol.Topics;
import dev.muster.time.Ticker;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.OffsetAndTimestamp;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.WakeupException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Looks for outcomes that were told before somebody asked: all events of a job are in one partition, so that one is read
 * again, from so long ago to its present end. Whatever was asked meanwhile shares the next reading. Thread-safe; the
 * consumer is confined to a thread of its own, which is there from the first question on.
 */
final class LookBack implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(LookBack.class);
    private static final Duration POLL = Duration.ofMillis(100);

    private final KafkaClients clients;
    private final String clientId;
    private final Duration window;
    private final Ticker ticker;
    private final Waiting waiting;
    private final BlockingQueue<JobId> asked = new LinkedBlockingQueue<>();
    private final Thread thread;
    private volatile boolean closed;
    private boolean started;
    private Optional<Consumer<byte[], byte[]>> reader = Optional.empty();

    LookBack(KafkaClients clients, Options options, Ticker ticker, Waiting waiting) {
        this.clients = clients;
        this.clientId = options.clientId() + "-look-back";
        this.window = options.lookBack();
        this.ticker = ticker;
        this.waiting = waiting;
        this.thread = Thread.ofPlatform().name(clientId).daemon(true).unstarted(this::run);
    }

    /** Has an outcome looked for; somebody must wait for it already. */
    synchronized void ask(JobId id) {
        asked.add(id); // as many as wait, at most
        if (!started && !closed) {
            started = true;
            thread.start();
        }
    }

    @Override
    public void close() {
        synchronized (this) {
            closed = true;
            reader.ifPresent(Consumer::wakeup);
            if (!started) {
                return;
            }
        }
        thread.interrupt();
        Outcomes.join(thread);
    }

    private void run() {
        try (Consumer<byte[], byte[]> consumer = clients.listener(clientId)) {
            synchronized (this) {
                reader = Optional.of(consumer);
            }
            while (!closed) {
                answer(consumer, next());
            }
        } catch (WakeupException | InterruptedException | org.apache.kafka.common.errors.InterruptException _) {
            // Only close() does that.
        } catch (RuntimeException e) {
            LOG.error("The outcomes of earlier jobs can't be looked for any more", e);
        }
    }

    private Set<JobId> next() throws InterruptedException {
        List<JobId> ids = new ArrayList<>(List.of(asked.take()));
        asked.drainTo(ids);
        Set<JobId> open = new HashSet<>(ids);
        open.removeIf(id -> !waiting.isFor(id)); // its outcome has just come
        return open;
    }

    private void answer(Consumer<byte[], byte[]> consumer, Set<JobId> ids) {
        try {
            int partitions = Outcomes.partitions(consumer).size();
            Map<Integer, Set<JobId>> byPartition = new TreeMap<>();
            ids.forEach(id -> byPartition
                    .computeIfAbsent(EventCodec.partition(id, partitions), _ -> new HashSet<>())
                    .add(id));
            byPartition.forEach(
                    (partition, wanted) -> read(consumer, new TopicPartition(Topics.EVENTS, partition), wanted)
                            .values()
                            .forEach(waiting::tell));
        } catch (WakeupException | org.apache.kafka.common.errors.InterruptException e) {
            throw e;
        } catch (KafkaException e) {
            LOG.warn("Can't look for the outcomes of {} jobs; those that end from now on are told", ids.size(), e);
        }
    }

    /** The last outcome of each of these jobs, where there is one. */
    private Map<JobId, JobOutcome> read(
            Consumer<byte[], byte[]> consumer, TopicPartition partition, Set<JobId> wanted) {
        Set<TopicPartition> one = Set.of(partition);
        long end = consumer.endOffsets(one, Outcomes.LIMIT).getOrDefault(partition, 0L);
        consumer.assign(one);
        consumer.seek(partition, begin(consumer, partition, end));
        Map<JobId, JobOutcome> found = new HashMap<>();
        while (!closed && consumer.position(partition) < end) {
            for (ConsumerRecord<byte[], byte[]> record : consumer.poll(POLL)) {
                EventCodec.outcome(record.headers(), record.value())
                        .filter(outcome -> wanted.contains(outcome.id()))
                        .ifPresent(outcome -> found.put(outcome.id(), outcome));
            }
        }
        return found;
    }

    private long begin(Consumer<byte[], byte[]> consumer, TopicPartition partition, long end) {
        long since = ticker.now().minus(window).toEpochMilli();
        return Optional.ofNullable(consumer.offsetsForTimes(Map.of(partition, since), Outcomes.LIMIT)
                        .get(partition))
                .map(OffsetAndTimestamp::offset)
                .orElse(end);
    }
}
