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
import org.apache.kafka.clients.producer.ProducerRecord;

/** A worker that does nothing but live: registers, answers on its health port, sends heartbeats, ends on SIGTERM. */
public final class TinyWorker {
    private TinyWorker() {}

    public static void main(String[] args) throws Exception {
        Settings settings = Settings.load(Path.of("none.properties"), System.getenv(), Map.of());
        Incarnation me = new Incarnation(settings.string(Setting.WORKER_INCARNATION));
        System.out.println("I am " + me);
        if (args.length > 0) {
            exitIfTold(me, args[0]);
        }
        Runtime.getRuntime()
                .addShutdownHook(new Thread(() -> Runtime.getRuntime().halt(0)));
        HttpServer health = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        byte[] answer = ("{\"incarnation\":\"" + me + "\"}").getBytes(StandardCharsets.UTF_8);
        health.createContext("/health", exchange -> {
            exchange.sendResponseHeaders(200, answer.length);
            exchange.getResponseBody().write(answer);
            exchange.close();
        });
        health.start();
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

    /** @param told an exit code, or a file with the names of workers that are to end with code 2 */
    private static void exitIfTold(Incarnation me, String told) throws IOException {
        if (told.matches("[0-9]+")) {
            System.exit(Integer.parseInt(told));
        }
        if (Files.readString(Path.of(told)).contains(me.worker())) {
            System.exit(2);
        }
    }

    private static void beat(
            Incarnation me, int port, long pid, org.apache.kafka.clients.producer.Producer<byte[], byte[]> producer)
            throws InterruptedException {
        CountDownLatch never = new CountDownLatch(1);
        long sequence = 1;
        do {
            Heartbeat heartbeat = new Heartbeat(
                    me,
                    sequence++,
                    "default",
                    Heartbeat.Phase.RUNNING,
                    "127.0.0.1",
                    pid,
                    port,
                    64,
                    3,
                    new Heartbeat.Counters(10, 7, 0, 0),
                    Map.of("stripe", "closed"));
            var _ = producer.send(new ProducerRecord<>(
                    Topics.HEARTBEATS, me.id().getBytes(StandardCharsets.UTF_8), HeartbeatCodec.encode(heartbeat)));
        } while (!never.await(250, TimeUnit.MILLISECONDS));
    }
}
