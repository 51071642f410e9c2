package dev.muster.worker.poll;

import static org.assertj.core.api.Assertions.assertThat;

import dev.muster.config.Setting;
import dev.muster.config.Settings;
import dev.muster.fleet.Incarnation;
import dev.muster.kafka.KafkaClients;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.CloseOptions;
import org.apache.kafka.clients.consumer.Consumer;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;

/** A worker's real consumer and a socket that takes connections, which is all of a broker that this is about. */
class ReachTest {
    private static final Duration PATIENCE = Duration.ofSeconds(20);

    @Test
    void a_broker_that_goes_away_is_missed_and_one_that_never_was_there_is_not() throws IOException {
        ServerSocket broker = new ServerSocket(0, 10, InetAddress.getLoopbackAddress());
        Consumer<byte[], byte[]> consumer = consumer(broker.getLocalPort());
        try {
            Reach reach = new Reach(consumer);
            assertThat(reach.isLost()).as("before the first connection").isFalse();

            consumer.subscribe(List.of("jobs"));
            Awaitility.await().atMost(PATIENCE).until(() -> {
                consumer.poll(Duration.ofMillis(20));
                boolean lost = reach.isLost();
                return connections(consumer) > 0 && !lost && !reach.isLost();
            });
            broker.close();

            Awaitility.await().atMost(PATIENCE).until(() -> {
                consumer.poll(Duration.ZERO);
                return reach.isLost();
            });
        } finally {
            consumer.close(CloseOptions.timeout(Duration.ZERO));
            broker.close();
        }
    }

    private static Consumer<byte[], byte[]> consumer(int port) {
        Settings settings = Settings.of(Map.of(Setting.KAFKA_BOOTSTRAP.key(), "127.0.0.1:" + port));
        return new KafkaClients(settings).jobs("muster.test", new Incarnation("reach.1"), 10);
    }

    private static double connections(Consumer<?, ?> consumer) {
        return consumer.metrics().entrySet().stream()
                .filter(metric -> metric.getKey().name().equals("connection-count"))
                .map(metric -> metric.getValue().metricValue())
                .mapToDouble(value -> ((Number) value).doubleValue())
                .max()
                .orElse(0);
    }
}
