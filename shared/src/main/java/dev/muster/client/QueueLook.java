package dev.muster.client;

import dev.muster.kafka.KafkaClients;
import dev.muster.protocol.Topics;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;

/** Whether queues are there: a producer would wait a minute for a topic that is not. Each is looked for once. Thread-safe. */
final class QueueLook {
    private static final Duration LIMIT = Duration.ofSeconds(10);

    private final KafkaClients clients;
    private final String clientId;
    private final Set<String> known = ConcurrentHashMap.newKeySet();

    QueueLook(KafkaClients clients, String clientId) {
        this.clients = clients;
        this.clientId = clientId;
    }

    /**
     * Does nothing if there is such a queue.
     *
     * @throws IllegalArgumentException if there is none
     * @throws KafkaException if Kafka does not say within 10 s
     */
    void require(String queue) {
        if (known.contains(queue)) {
            return;
        }
        try (Admin admin = clients.admin(clientId + "-look")) {
            admin.describeTopics(Set.of(Topics.jobs(queue)))
                    .allTopicNames()
                    .get(LIMIT.toMillis(), TimeUnit.MILLISECONDS);
            known.add(queue);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof UnknownTopicOrPartitionException) {
                throw new IllegalArgumentException("there is no queue " + queue + " at " + clients.bootstrap(), e);
            }
            throw new KafkaException("can't look for queue " + queue + ": " + e.getCause(), e.getCause());
        } catch (TimeoutException e) {
            throw new KafkaException("Kafka at " + clients.bootstrap() + " has not answered within " + LIMIT, e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new KafkaException("interrupted while looking for queue " + queue, e);
        }
    }
}
