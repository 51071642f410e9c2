package dev.muster.coordinator;

import static org.assertj.core.api.Assertions.assertThat;

import dev.muster.config.Settings;
import dev.muster.embedded.junit.EmbeddedServers;
import dev.muster.embedded.junit.KafkaCluster;
import dev.muster.job.Ordering;
import dev.muster.job.Queue;
import dev.muster.kafka.KafkaClients;
import dev.muster.kafka.TopicAdmin;
import dev.muster.protocol.Topics;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.extension.ExtendWith;

/** Makes topics on a real broker. Here, since the module of the class has no broker in its tests. */
@ExtendWith(EmbeddedServers.class)
class TopicAdminIT {
    private static final int RECORDS = 20_000;

    private final KafkaClients clients;
    private final Settings settings;

    TopicAdminIT(KafkaCluster kafka) {
        settings = Settings.of(Map.of(
                "muster.kafka.bootstrap",
                kafka.bootstrapServers(),
                "muster.kafka.client.delivery.timeout.ms",
                "20000"));
        clients = new KafkaClients(settings);
    }

    /** Several batches are under way at once, so that one behind a refused one may be let in. */
    @RepeatedTest(8)
    void what_is_submitted_to_a_new_queue_at_once_and_fast_arrives() {
        Queue queue = new Queue("new-" + System.nanoTime(), Ordering.NONE, "default", 8, Optional.empty(), false, 1, 0);
        AtomicInteger failed = new AtomicInteger();
        try (Admin admin = clients.admin("test");
                Producer<byte[], byte[]> producer = clients.producer("test")) {
            assertThat(new TopicAdmin(admin, settings).ensureQueueTopic(queue)).isTrue();
            for (int i = 0; i < RECORDS; i++) {
                var _ = producer.send(new ProducerRecord<>(Topics.jobs(queue.name()), new byte[200]), (_, trouble) -> {
                    if (trouble != null) {
                        failed.incrementAndGet();
                    }
                });
            }
            producer.flush();
            assertThat(new TopicAdmin(admin, settings)
                            .ends(queue.name(), 8).stream()
                                    .mapToLong(Long::longValue)
                                    .sum())
                    .isEqualTo(RECORDS);
        }
        assertThat(failed).hasValue(0);
    }
}
