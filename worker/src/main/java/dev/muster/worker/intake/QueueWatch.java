package dev.muster.worker.intake;

import dev.muster.job.Queue;
import dev.muster.protocol.Topics;
import dev.muster.store.QueueStore;
import dev.muster.store.StoreException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.Uuid;
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
                Uuid id = topicId(topics.get(Topics.jobs(queue.name())));
                if (!id.equals(Uuid.ZERO_UUID)) {
                    UUID topicId = new UUID(id.getMostSignificantBits(), id.getLeastSignificantBits());
                    entries.put(queue.name(), new QueueView.Entry(queue, topicId));
                }
            }
            view = new QueueView(entries);
        } catch (StoreException e) {
            LOG.atWarn().log("Can't look for queues; going on with those known: {}", e.getMessage());
        }
    }

    private static Uuid topicId(@Nullable KafkaFuture<TopicDescription> description) throws InterruptedException {
        try {
            return description == null
                    ? Uuid.ZERO_UUID
                    : description.get(5, TimeUnit.SECONDS).topicId();
        } catch (ExecutionException | TimeoutException e) {
            return Uuid.ZERO_UUID; // its topic is not there yet, or Kafka isn't
        }
    }
}
