package dev.muster.bench.peer;

import java.time.Duration;
import javax.sql.DataSource;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;

/** What most services do: some listeners, an INSERT for each record, a commit of the offsets after each poll. */
public final class PlainListener {
    private static final int LISTENERS = 4;
    private static final Duration POLL = Duration.ofMillis(50);

    private PlainListener() {}

    /** Arguments: queue, jobs, file for the timeline. */
    public static void main(String[] args) throws Exception {
        Peer peer = Peer.of(args);
        DataSource pool = peer.pool(LISTENERS);
        Peer.execute(pool, PeerSql.CREATE_DONE);
        for (int i = 0; i < LISTENERS; i++) {
            Thread.ofPlatform().name("listener-" + i).start(() -> listen(peer, pool));
        }
    }

    private static void listen(Peer peer, DataSource pool) {
        try (KafkaConsumer<byte[], byte[]> consumer = peer.consumer("consumer", 500)) {
            consumer.subscribe(Peer.topics(peer.queue()));
            while (true) {
                ConsumerRecords<byte[], byte[]> records = consumer.poll(POLL);
                records.forEach(record -> peer.store(pool, record));
                if (!records.isEmpty()) {
                    consumer.commitSync();
                }
            }
        }
    }
}
