package dev.muster.worker.poll;

import java.util.Map;
import java.util.Optional;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.common.Metric;

/**
 * Whether a consumer that has had a connection has none any more. Without one, Kafka's consumer does not wait: inside of
 * a poll with a timeout its two threads wake one another as fast as they can, since its heartbeat is due and can't be
 * sent. Measured with the broker down on two cores, all of a fleet's processor time went there, and the broker needed a
 * minute to come back. So meanwhile the poll loop waits by itself. Confined to the poll thread.
 */
final class Reach {
    private final Optional<Metric> connections;
    private boolean connected;

    Reach(Consumer<?, ?> consumer) {
        this.connections = consumer.metrics().entrySet().stream()
                .filter(metric -> metric.getKey().name().equals("connection-count")
                        && metric.getKey().group().equals("consumer-metrics"))
                .<Metric>map(Map.Entry::getValue)
                .findFirst();
    }

    /** True while there is no connection to any broker, though there was one. */
    boolean isLost() {
        boolean hasAny = connections
                .map(Metric::metricValue)
                .map(value -> !(value instanceof Number number) || number.doubleValue() > 0)
                .orElse(true);
        connected |= hasAny;
        return connected && !hasAny;
    }
}
