package dev.muster.local.stack;

import dev.muster.kafka.TopicAdmin;
import dev.muster.store.GrowthStore;
import dev.muster.store.GrowthStore.Announced;
import dev.muster.store.GrowthStore.Growth;
import dev.muster.store.GrowthStore.Phase;
import java.time.Duration;
import java.util.Optional;

/**
 * Gives a queue more partitions. Keeps nothing in memory: whoever asks for the same again goes on where it stands. Not
 * thread-safe; two of them at once do no harm.
 */
public final class QueueGrowth {
    private final GrowthStore store;
    private final TopicAdmin topics;
    private final String queue;
    private final int partitions;

    public QueueGrowth(GrowthStore store, TopicAdmin topics, String queue, int partitions) {
        this.store = store;
        this.topics = topics;
        this.queue = queue;
        this.partitions = partitions;
    }

    /** Announces it in Postgres, then makes the partitions in Kafka; anything else than announced, growing or open changes nothing. */
    public Announced begin() {
        Announced announced = store.announce(queue, partitions);
        switch (announced) {
            case ANNOUNCED, GROWING, OPEN -> {
                topics.growQueueTopic(queue, partitions);
                store.made(queue);
            }
            case BUSY, NOT_MORE, NOT_A_MULTIPLE, UNKNOWN -> {}
        }
        return announced;
    }

    /**
     * Does what can be done now.
     *
     * @param settle how long a producer may go on by the old count
     */
    public Phase goOn(Duration settle) {
        Optional<Growth> growth = store.find(queue);
        if (growth.isPresent() && !growth.get().switched() && isSettled(growth.get(), settle)) {
            // After the look, which has found the time over: whoever wrote by the old count is below these.
            store.noteSwitch(queue, topics.ends(queue, growth.get().from()), settle);
        }
        return store.goOn(queue);
    }

    /** What is waited for, for people. */
    public String words(Duration settle) {
        return store.find(queue)
                .map(growth -> {
                    if (!growth.switched()) {
                        return "producers have " + settle.toSeconds()
                                + " s to hear of the new partitions, which are held until then";
                    }
                    return growth.behind() > 0
                            ? "old partitions not yet claimed up to the switch: " + growth.behind()
                            : "moving what has no place in its key yet";
                })
                .orElse("it does not grow");
    }

    private static boolean isSettled(Growth growth, Duration settle) {
        return growth.made().filter(since -> since.compareTo(settle) >= 0).isPresent();
    }
}
