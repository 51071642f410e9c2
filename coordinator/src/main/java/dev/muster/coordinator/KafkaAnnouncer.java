package dev.muster.coordinator;

import dev.muster.coordinator.recovery.Announcer;
import dev.muster.protocol.Command;
import dev.muster.protocol.CommandCodec;
import org.apache.kafka.clients.producer.Producer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Announces over the topic of commands. Thread-safe. */
final class KafkaAnnouncer implements Announcer {
    private static final Logger LOG = LoggerFactory.getLogger(KafkaAnnouncer.class);

    private final Producer<byte[], byte[]> producer;

    KafkaAnnouncer(Producer<byte[], byte[]> producer) {
        this.producer = producer;
    }

    @Override
    public void announce(Command command) {
        // A send may wait for metadata while Kafka is away, and nobody who announces may wait.
        Thread.ofVirtual().name("announce").start(() -> {
            try {
                var _ = producer.send(CommandCodec.record(command), (_, failure) -> {
                    if (failure != null) {
                        LOG.debug("{} was not announced: {}", command, failure.getMessage());
                    }
                });
            } catch (RuntimeException e) {
                LOG.debug("{} was not announced: {}", command, e.getMessage());
            }
        });
    }
}
