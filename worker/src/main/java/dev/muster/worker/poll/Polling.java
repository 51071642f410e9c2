package dev.muster.worker.poll;

import dev.muster.time.Ticker;
import java.time.Duration;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecords;

/**
 * Polls, and waits in the client only where the client waits. With a paused partition of which it has records in store,
 * or none that it may read, a poll with a timeout keeps two threads busy until that is over (Kafka 4.3: KAFKA-21084,
 * KAFKA-20854). Measured, a worker whose slots were full took all the processor time that it could get. Confined to the
 * poll thread but for {@link #wake}.
 */
final class Polling {
    /** The client tells of an assignment at the beginning of a poll, so a long one would hold up every recovery. */
    static final Duration LONGEST = Duration.ofMillis(50);
    /** Between polls that don't wait, while there is something to read. */
    private static final Duration SHORT_REST = Duration.ofMillis(5);
    /** The same while nothing is read, and only the group may have something to say. */
    private static final Duration REST = Duration.ofMillis(20);

    private final Consumer<byte[], byte[]> consumer;
    private final Rest rest;
    private final Ticker ticker;
    private final Reach reach;
    private final Gathering gathering;
    private boolean waits;

    /** @param most how many records the consumer gives at once */
    Polling(Consumer<byte[], byte[]> consumer, int most, Rest rest, Ticker ticker) {
        this.consumer = consumer;
        this.rest = rest;
        this.ticker = ticker;
        this.reach = new Reach(consumer);
        this.gathering = new Gathering(most, ticker.nanos());
    }

    /**
     * What has come, once something has or some time is over.
     *
     * @param assigned how many partitions there are, paused ones included
     * @param paused how many of them the client is not to read
     * @throws org.apache.kafka.common.errors.WakeupException after {@link #wake}
     */
    ConsumerRecords<byte[], byte[]> poll(int assigned, int paused) throws InterruptedException {
        if (waits) {
            waits = false;
            rest.await(Gathering.MOMENT);
        }
        boolean lost = reach.isLost();
        if (!lost && paused == 0) {
            return came(consumer.poll(LONGEST));
        }
        ConsumerRecords<byte[], byte[]> ready = consumer.poll(Duration.ZERO);
        if (ready.isEmpty()) {
            rest.await(lost ? LONGEST : paused < assigned ? SHORT_REST : REST);
        }
        return came(ready);
    }

    private ConsumerRecords<byte[], byte[]> came(ConsumerRecords<byte[], byte[]> records) {
        if (!records.isEmpty()) {
            waits = gathering.came(records.count(), ticker.nanos());
        }
        return records;
    }

    /** Ends a poll that waits, or the next one. Thread-safe. */
    void wake() {
        rest.stir();
        consumer.wakeup();
    }
}
