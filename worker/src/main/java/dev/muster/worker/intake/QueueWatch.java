package dev.muster.worker.intake;

import dev.muster.job.Queue;
import dev.muster.protocol.Topics;
import dev.muster.store.QueueStore;
import dev.muster.store.StoreException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ExecutionException;
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

/** Looks every two seconds which queues the pool has and which topics they are. {@link #view} is thread-safe. */
public final class QueueWatch {
    private static final Logger LOG = LoggerFactory.getLogger(QueueWatch.class);

    private final QueueStore store;
    private final Admin admin;
    private final String pool;
    private volatile QueueView view = QueueView.empty();

    public QueueWatch(QueueStore store, Admin admin, String pool) {
        this.store = store;
        this.admin = admin;
        this.pool = pool;
    }

    public QueueView view() {
        return view;
    }

    /** Looks once. What can't be had now is what was seen last. */
    public void look() throws InterruptedException {
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
            view = new QueueView(entries);
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
