package dev.muster.worker.intake;

import dev.muster.job.Queue;
import dev.muster.protocol.Topics;
import dev.muster.store.QueueStore;
import dev.muster.store.StoreException;
import dev.muster.time.Ticker;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Looks which queues the pool has and which topics they are: every two seconds, and at once when somebody needs to know.
 * {@link #view} and {@link #lookSoon} are thread-safe; all else is confined to the thread that looks.
 */
public final class QueueWatch implements Queues {
    private static final Logger LOG = LoggerFactory.getLogger(QueueWatch.class);

    private final QueueStore store;
    private final Admin admin;
    private static final Duration EVERY = Duration.ofSeconds(2);

    private final String pool;
    private final Ticker ticker;
    private final Semaphore wishes = new Semaphore(0);
    private boolean wished;
    private volatile QueueView view;

    public QueueWatch(QueueStore store, Admin admin, String pool, Ticker ticker) {
        this.store = store;
        this.admin = admin;
        this.pool = pool;
        this.ticker = ticker;
        this.view = QueueView.empty(ticker.nanos());
    }

    @Override
    public void lookSoon() {
        wishes.release();
    }

    /** Waits for a wish, at most so long. */
    public void awaitTurn(Duration most) throws InterruptedException {
        wished |= wishes.tryAcquire(most.toNanos(), TimeUnit.NANOSECONDS);
        wishes.drainPermits();
    }

    /** True if somebody wishes a look, or the last one is two seconds old. */
    public boolean isDue() {
        return wished || ticker.nanos() - view.asOf() >= EVERY.toNanos();
    }

    @Override
    public QueueView view() {
        return view;
    }

    /** Looks once. What can't be had now is what was seen last. */
    public void look() throws InterruptedException {
        wished = false;
        long began = ticker.nanos();
        try {
            List<Queue> queues = store.list().stream()
                    .filter(queue -> queue.pool().equals(pool))
                    .toList();
            Map<String, KafkaFuture<TopicDescription>> topics = admin.describeTopics(
                            queues.stream().map(q -> Topics.jobs(q.name())).toList())
                    .topicNameValues();
            Map<String, QueueView.Entry> entries = new HashMap<>();
            for (Queue queue : queues) {
                Optional<UUID> known = view.find(queue.name()).map(QueueView.Entry::topicId);
                topicId(topics.get(Topics.jobs(queue.name())), known)
                        .ifPresent(id -> entries.put(queue.name(), new QueueView.Entry(queue, id)));
            }
            view = new QueueView(entries, began);
        } catch (StoreException e) {
            LOG.atWarn().log("Can't look for queues; going on with those known: {}", e.getMessage());
        }
    }

    private static Optional<UUID> topicId(@Nullable KafkaFuture<TopicDescription> description, Optional<UUID> known)
            throws InterruptedException {
        if (description == null) {
            return known;
        }
        try {
            Uuid id = description.get(5, TimeUnit.SECONDS).topicId();
            return Optional.of(new UUID(id.getMostSignificantBits(), id.getLeastSignificantBits()));
        } catch (ExecutionException e) {
            // Not there (yet). Any other trouble says nothing about the topic, and must not cost its subscription.
            return e.getCause() instanceof UnknownTopicOrPartitionException ? Optional.empty() : known;
        } catch (TimeoutException e) {
            return known;
        }
    }
}
