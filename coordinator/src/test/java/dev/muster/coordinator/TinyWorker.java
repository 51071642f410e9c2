package dev.muster.coordinator;

import com.sun.net.httpserver.HttpServer;
import dev.muster.config.Setting;
import dev.muster.config.Settings;
import dev.muster.coordinator.process.LocalHost;
import dev.muster.fleet.Heartbeat;
import dev.muster.fleet.Incarnation;
import dev.muster.kafka.KafkaClients;
import dev.muster.protocol.HeartbeatCodec;
import dev.muster.protocol.Topics;
import dev.muster.store.Database;
import dev.muster.store.IncarnationStore;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;

/** A worker that does nothing but live: registers, answers on its health port, sends heartbeats, ends on SIGTERM. */
public final class TinyWorker {
    /** The first word for one that loads what the others load and ends, unknown to the fleet; then a topic to write to. */
    static final String TRAIN = "train";

    private TinyWorker() {}

    public static void main(String[] args) throws Exception {
        Settings settings = Settings.load(Path.of("none.properties"), System.getenv(), Map.of());
        Incarnation me = new Incarnation(settings.string(Setting.WORKER_INCARNATION));
        System.out.println("I am " + me);
        if (args.length == 2 && args[0].equals(TRAIN)) {
            train(settings, me, args[1]);
            return;
        }
        if (args.length > 0) {
            exitIfTold(me, args[0]);
        }
        Runtime.getRuntime()
                .addShutdownHook(new Thread(() -> Runtime.getRuntime().halt(0)));
        HttpServer health = health(me);
        int port = health.getAddress().getPort();
        ProcessHandle self = ProcessHandle.current();
        try (Database database = Database.open(settings, me.id(), 1, Optional.empty());
                var producer = new KafkaClients(settings).heartbeats(me.id())) {
            new IncarnationStore(database)
                    .register(
                            me,
                            LocalHost.name(),
                            self.pid(),
                            self.info().startInstant().orElseThrow(),
                            "127.0.0.1",
                            port);
            beat(me, port, self.pid(), producer);
        }
    }

    private static void train(Settings settings, Incarnation me, String topic) throws Exception {
        HttpServer health = health(me);
        try (Database database = Database.open(settings, me.id(), 1, Optional.empty());
                var producer = new KafkaClients(settings).heartbeats(me.id())) {
            var _ = new IncarnationStore(database).ownRow(me);
            producer.send(beat(topic, me, 1, health.getAddress().getPort(), 1)).get();
        }
        health.stop(0);
    }

    private static HttpServer health(Incarnation me) throws IOException {
        HttpServer health = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        byte[] answer = ("{\"incarnation\":\"" + me + "\"}").getBytes(StandardCharsets.UTF_8);
        health.createContext("/health", exchange -> {
            exchange.sendResponseHeaders(200, answer.length);
            exchange.getResponseBody().write(answer);
            exchange.close();
        });
        health.start();
        return health;
    }

    /** @param told an exit code, or a file with the names of workers that are to end with code 2 */
    private static void exitIfTold(Incarnation me, String told) throws IOException {
        if (told.matches("[0-9]+")) {
            System.exit(Integer.parseInt(told));
        }
        if (Files.readString(Path.of(told)).contains(me.worker())) {
            System.exit(2);
        }
    }

    private static void beat(Incarnation me, int port, long pid, Producer<byte[], byte[]> producer)
            throws InterruptedException {
        CountDownLatch never = new CountDownLatch(1);
        long sequence = 1;
        do {
            var _ = producer.send(beat(Topics.HEARTBEATS, me, sequence++, port, pid));
        } while (!never.await(250, TimeUnit.MILLISECONDS));
    }

    private static ProducerRecord<byte[], byte[]> beat(
            String topic, Incarnation me, long sequence, int port, long pid) {
        Heartbeat heartbeat = new Heartbeat(
                me,
                sequence,
                "default",
                Heartbeat.Phase.RUNNING,
                "127.0.0.1",
                pid,
                port,
                64,
                3,
                new Heartbeat.Counters(10, 7, 0, 0),
                Map.of("stripe", "closed"));
        return new ProducerRecord<>(topic, me.id().getBytes(StandardCharsets.UTF_8), HeartbeatCodec.encode(heartbeat));
    }
}
