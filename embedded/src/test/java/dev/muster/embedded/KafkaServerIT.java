package dev.muster.embedded;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.muster.embedded.wire.TcpProxy;
import dev.muster.embedded.wire.Wire;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KafkaServerIT {
    /** Half the time after which a broker that does not answer is given up. */
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    @Test
    void keeps_records_and_its_port_across_a_kill_and_serves_short_sessions(@TempDir Path folder) throws Exception {
        try (KafkaServer server = new KafkaServer(KafkaServer.Config.in(folder))) {
            server.start();
            String address = server.bootstrapServers();
            allowShortSession(address, "g");
            produce(address, "kept");

            server.killHard();
            assertThat(server.running()).isFalse();
            server.start();

            assertThat(server.bootstrapServers()).isEqualTo(address);
            assertThat(consume(address, "g")).isEqualTo("kept");
            assertThat(Files.readString(server.logFile()))
                    .doesNotContain("ClassNotFound", "SLF4J", "NoClassDef", "ERROR");
        }
    }

    @Test
    void a_client_of_a_listener_of_its_own_can_be_cut_off_and_goes_on_when_its_wire_heals(@TempDir Path folder)
            throws Exception {
        AtomicReference<KafkaServer> broker = new AtomicReference<>();
        try (TcpProxy proxy = new TcpProxy(() -> broker.get().port("VICTIM"), InstantSource.system());
                KafkaServer server = new KafkaServer(
                        KafkaServer.Config.in(folder).with(new KafkaServer.Listener("VICTIM", proxy.port())))) {
            broker.set(server);
            server.start();
            String detour = "127.0.0.1:" + proxy.port();
            allowShortSession(server.bootstrapServers(), "g");
            produce(detour, "through the proxy");
            assertThat(proxy.lastFromClient()).isPresent();

            proxy.set(new Wire.Drop());
            Instant last = proxy.lastFromClient().orElseThrow();
            assertThatThrownBy(() -> produce(detour, "cut off")).isInstanceOf(Exception.class);
            produce(server.bootstrapServers(), "beside it");
            assertThat(proxy.lastFromClient()).contains(last);

            proxy.heal();
            produce(detour, "again");
            assertThat(proxy.lastFromClient().orElseThrow()).isAfter(last);
        }
    }

    @Test
    void a_wrong_property_is_reported_with_the_brokers_own_words(@TempDir Path folder) {
        KafkaServer wrong = new KafkaServer(
                new KafkaServer.Config(folder, 0, Map.of("num.io.threads", "none"), List.of("-Xmx256m")));

        assertThatThrownBy(wrong::start)
                .isInstanceOf(EmbeddedServerException.class)
                .hasMessageContaining("num.io.threads");
    }

    @Test
    void a_start_that_is_cut_short_fails_at_once_and_the_next_one_works(@TempDir Path folder) {
        try (KafkaServer server = new KafkaServer(KafkaServer.Config.in(folder))) {
            CompletableFuture<Void> start = CompletableFuture.runAsync(server::start, Thread::startVirtualThread);
            await().atMost(PATIENCE).until(() -> {
                server.abortStart();
                return start.isDone();
            });

            assertThat(start)
                    .failsWithin(Duration.ZERO)
                    .withThrowableThat()
                    .withMessageContaining("Kafka ended with code 137 while starting");

            server.start();
            server.abortStart();

            assertThat(server.running()).isTrue();
        }
    }

    @Test
    void a_spoiled_data_folder_is_reported_as_soon_as_the_broker_has_ended(@TempDir Path folder) throws Exception {
        try (KafkaServer server = new KafkaServer(KafkaServer.Config.in(folder))) {
            server.start();
            server.stop();
            Files.writeString(folder.resolve("kafka/logs/meta.properties"), "spoiled");

            CompletableFuture<Void> start = CompletableFuture.runAsync(server::start, Thread::startVirtualThread);

            assertThat(start)
                    .failsWithin(PATIENCE)
                    .withThrowableThat()
                    .withMessageContaining("while starting")
                    .withMessageContaining("node ID not found");
        }
    }

    private static void allowShortSession(String address, String group) throws Exception {
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", address))) {
            admin.createTopics(List.of(new NewTopic("t", 2, (short) 1))).all().get();
            admin.incrementalAlterConfigs(Map.of(
                            new ConfigResource(ConfigResource.Type.GROUP, group),
                            List.of(
                                    set("consumer.session.timeout.ms", "3000"),
                                    set("consumer.heartbeat.interval.ms", "200"))))
                    .all()
                    .get();
        }
    }

    private static AlterConfigOp set(String key, String value) {
        return new AlterConfigOp(new ConfigEntry(key, value), AlterConfigOp.OpType.SET);
    }

    private static void produce(String address, String value) throws Exception {
        Map<String, Object> settings = Map.of(
                "bootstrap.servers", address, "acks", "all", "max.block.ms", "10000", "request.timeout.ms", "5000");
        try (KafkaProducer<String, String> producer =
                new KafkaProducer<>(settings, new StringSerializer(), new StringSerializer())) {
            producer.send(new ProducerRecord<>("t", "k", value)).get();
        }
    }

    private static String consume(String address, String group) {
        Map<String, Object> settings = Map.of(
                "bootstrap.servers",
                address,
                "group.id",
                group,
                "group.protocol",
                "consumer",
                "auto.offset.reset",
                "earliest");
        try (KafkaConsumer<String, String> consumer =
                new KafkaConsumer<>(settings, new StringDeserializer(), new StringDeserializer())) {
            consumer.subscribe(List.of("t"));
            long start = System.nanoTime();
            Optional<String> value = Optional.empty();
            while (value.isEmpty()
                    && System.nanoTime() - start < Duration.ofSeconds(20).toNanos()) {
                for (ConsumerRecord<String, String> found : consumer.poll(Duration.ofMillis(100))) {
                    value = Optional.of(found.value());
                }
            }
            return value.orElse("nothing");
        }
    }
}
