package dev.muster.worker.intake;

import dev.muster.job.Queue;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;

/**
 * The queues of the worker's pool as they were a moment ago. Immutable.
 *
 * @param byName those whose topic exists
 * @param asOf when the look began that saw them so, by the ticker
 */
public record QueueView(Map<String, Entry> byName, long asOf) {
    public QueueView {
        byName = Map.copyOf(byName);
    }

    /** A queue and the id of its topic, which changes when the topic is made anew. */
    public record Entry(Queue queue, UUID topicId) {}

    static QueueView empty(long asOf) {
        return new QueueView(Map.of(), asOf);
    }

    public Optional<Entry> find(String queue) {
        return Optional.ofNullable(byName.get(queue));
    }
}
