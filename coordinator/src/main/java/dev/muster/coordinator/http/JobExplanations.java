package dev.muster.coordinator.http;

import dev.muster.explain.Explainer;
import dev.muster.explain.Explanation;
import dev.muster.explain.JobFacts;
import dev.muster.explain.JobFacts.Standing;
import dev.muster.job.JobId;
import dev.muster.job.Queue;
import dev.muster.kafka.Backlog;
import dev.muster.store.Database;
import dev.muster.store.ExplainStore;
import dev.muster.store.PressureStore;
import dev.muster.store.QueueStore;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;

/**
 * Why a job isn't running: what Postgres knows of it, and where it knows nothing, what is still in Kafka. That is read
 * through, one request at a time. Thread-safe.
 */
public final class JobExplanations {
    private final ExplainStore store;
    private final QueueStore queues;
    private final PressureStore positions;
    private final Backlog backlog;
    private final Duration within;
    private final Object oneAtATime = new Object();

    /**
     * Made.
     *
     * @param within how long Kafka is searched at most
     */
    public JobExplanations(Database database, Backlog backlog, Duration within) {
        this.store = new ExplainStore(database);
        this.queues = new QueueStore(database);
        this.positions = new PressureStore(database);
        this.backlog = backlog;
        this.within = within;
    }

    /**
     * Explains.
     *
     * @throws dev.muster.store.StoreException if Postgres can't be read
     * @throws org.apache.kafka.common.KafkaException if Kafka can't
     */
    public Explanation explain(JobId id) {
        JobFacts facts = store.facts(id);
        return Explainer.explain(facts.standing() instanceof Standing.Nowhere ? searched(facts) : facts);
    }

    private JobFacts searched(JobFacts facts) {
        Map<String, Map<Integer, Long>> claimed = new HashMap<>();
        queues.list().stream().map(Queue::name).forEach(queue -> claimed.put(queue, new HashMap<>()));
        positions
                .positions()
                .forEach(position -> claimed.computeIfAbsent(position.queue(), _ -> new HashMap<>())
                        .put(position.partition(), position.nextOffset()));
        Backlog.Search search;
        synchronized (oneAtATime) {
            search = backlog.find(facts.id(), claimed, within);
        }
        JobFacts now = store.facts(facts.id()); // it may have been claimed while it was looked for
        return now.standing() instanceof Standing.Nowhere
                ? now.at(search.found()
                        .<Standing>map(found ->
                                new Standing.InKafka(found.queue(), found.partition(), found.offset(), found.ahead()))
                        .orElseGet(() -> new Standing.Nowhere(search.searched(), search.all())))
                : now;
    }
}
