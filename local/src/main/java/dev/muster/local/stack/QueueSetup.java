package dev.muster.local.stack;

import dev.muster.job.Queue;
import dev.muster.kafka.TopicAdmin;
import dev.muster.store.QueueStore;

/** Makes queues: the topic first, then the row, since who sees the row reads the topic. */
public final class QueueSetup {
    private QueueSetup() {}

    /**
     * Makes a queue where it is missing. One that is there stays as it is.
     *
     * @return whether it is new
     */
    public static boolean ensure(TopicAdmin topics, QueueStore queues, Queue queue) {
        Queue asStored = queues.find(queue.name()).orElse(queue);
        topics.ensureQueueTopic(asStored);
        topics.configureGroup(asStored.pool()); // the coordinator does it at its start; this pool may be new
        return queues.create(queue);
    }
}
