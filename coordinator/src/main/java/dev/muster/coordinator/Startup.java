package dev.muster.coordinator;

import dev.muster.config.Setting;
import dev.muster.config.Settings;
import dev.muster.store.Database;
import dev.muster.store.FleetStore;
import dev.muster.store.Migrations;
import dev.muster.store.StoreException;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Waits for Kafka and Postgres. An address that does not answer is asked with a plain socket, so that no client fills
 * the log with attempts of its own; one line says who is waited for, and one when it is there.
 */
final class Startup {
    private static final Logger LOG = LoggerFactory.getLogger(Startup.class);
    private static final Duration FIRST = Duration.ofMillis(100);
    private static final Duration LONGEST = Duration.ofSeconds(2);
    private static final int CONNECT_MILLIS = 1_000;

    private final Settings settings;

    Startup(Settings settings) {
        this.settings = settings;
    }

    /** Something that may not be there yet; throws what it found instead. */
    @FunctionalInterface
    private interface Attempt {
        void run() throws IOException;
    }

    void awaitPostgres(Database database) throws InterruptedException {
        await("Postgres", database.url(), () -> {
            try (var connection = database.connection()) {
                if (!connection.isValid(1)) {
                    throw new IOException("the connection is not valid");
                }
            } catch (java.sql.SQLException | StoreException e) {
                throw new IOException(e.getMessage(), e);
            }
        });
        if (!Migrations.areApplied(database)) {
            Migrations.migrate(settings);
        }
        new FleetStore(database).live(); // the schema is there and is ours
    }

    void awaitKafka() throws InterruptedException {
        String bootstrap = settings.string(Setting.KAFKA_BOOTSTRAP);
        await("Kafka", bootstrap, () -> connectAny(bootstrap));
    }

    private static void connectAny(String bootstrap) throws IOException {
        IOException last = new IOException("no address");
        for (String address : bootstrap.split(",", -1)) {
            int colon = address.lastIndexOf(':');
            if (colon < 0) {
                throw new dev.muster.config.ConfigException(
                        Setting.KAFKA_BOOTSTRAP.key() + " is not host:port, comma-separated: " + bootstrap);
            }
            String host = address.substring(0, colon).strip();
            try (Socket socket = new Socket()) {
                int port = Integer.parseInt(address.substring(colon + 1).strip());
                socket.connect(new InetSocketAddress(host, port), CONNECT_MILLIS);
                return;
            } catch (IOException e) {
                last = e;
            }
        }
        throw last;
    }

    private static void await(String server, String address, Attempt attempt) throws InterruptedException {
        CountDownLatch never = new CountDownLatch(1);
        long pauseMillis = FIRST.toMillis();
        boolean told = false;
        while (true) {
            try {
                attempt.run();
                if (told) {
                    LOG.info("{} answers at {}", server, address);
                }
                return;
            } catch (IOException e) {
                if (!told) {
                    LOG.warn(
                            "{} does not answer at {} ({}). Waits for it, asking every {} s at the latest; is it started?",
                            server,
                            address,
                            firstLine(e),
                            LONGEST.toSeconds());
                    told = true;
                }
            }
            if (never.await(pauseMillis, TimeUnit.MILLISECONDS)) {
                return;
            }
            pauseMillis = Math.min(LONGEST.toMillis(), pauseMillis * 2);
        }
    }

    private static String firstLine(IOException e) {
        String message = String.valueOf(e.getMessage());
        return message.lines().findFirst().orElse(message);
    }
}
