package dev.muster.local.stack;

import dev.muster.config.Setting;
import dev.muster.config.Settings;
import dev.muster.embedded.wire.TcpProxy;
import dev.muster.embedded.wire.Wire;
import dev.muster.time.Ticker;
import java.io.IOException;
import java.io.Writer;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Properties;
import java.util.function.IntSupplier;

/**
 * One worker of a stack that reaches Kafka, Postgres and the provider over wires that can be cut, each alone, while
 * everybody else reaches them directly. For drills. Thread-safe.
 */
public final class Outpost implements AutoCloseable {
    /** Which worker it is. */
    public static final String WORKER = "worker-1";

    static final String LISTENER = "OUTPOST";

    private final Reach reach;
    private final TcpProxy kafka;
    private final TcpProxy postgres;
    private final TcpProxy provider;
    /** Silent for ever. */
    private final TcpProxy nowhere;

    /** Whether the coordinator reaches its health port. */
    public enum Reach {
        /** Directly, whatever becomes of the wires. */
        OPEN,
        /** Never, as if it lay behind the same cut. */
        HIDDEN
    }

    /**
     * Listens at once.
     *
     * @param kafka the broker's port for it, asked for at each connection, as the others
     */
    Outpost(Reach reach, IntSupplier kafka, IntSupplier postgres, IntSupplier provider) {
        Ticker ticker = Ticker.system();
        this.reach = reach;
        this.kafka = new TcpProxy(kafka, ticker::now);
        this.postgres = new TcpProxy(postgres, ticker::now);
        this.provider = new TcpProxy(provider, ticker::now);
        this.nowhere = new TcpProxy(postgres, ticker::now);
        nowhere.set(new Wire.Drop());
    }

    /** Its wire to Kafka. */
    public TcpProxy kafka() {
        return kafka;
    }

    /** Its wire to Postgres. */
    public TcpProxy postgres() {
        return postgres;
    }

    /** Its wire to the payment provider: a witness of when it last called. Nobody asks there whether the provider lives. */
    public TcpProxy provider() {
        return provider;
    }

    /** Has the worker go over the wires from its next start on. */
    void configure(Settings located, Path runFolder) {
        Properties own = new Properties();
        own.setProperty(Setting.KAFKA_BOOTSTRAP.key(), "127.0.0.1:" + kafka.port());
        own.setProperty(
                Setting.POSTGRES_URL.key(),
                "jdbc:" + over(postgres, located.string(Setting.POSTGRES_URL).substring("jdbc:".length())));
        own.setProperty(Setting.PAYMENTS_URL.key(), over(provider, located.string(Setting.PAYMENTS_URL)));
        own.setProperty(Setting.PAYMENTS_HEALTH_CHECK.key(), "0s");
        if (reach == Reach.HIDDEN) {
            own.setProperty(Setting.WORKER_ADVERTISED.key(), "127.0.0.1:" + nowhere.port());
        }
        Path file = runFolder.resolve(WORKER + ".properties");
        try {
            Files.createDirectories(runFolder);
            try (Writer writer = Files.newBufferedWriter(file)) {
                own.store(writer, "The wires of a drill's worker; written at each start of its stack.");
            }
        } catch (IOException e) {
            throw new StackException("can't write " + file + ": " + e.getMessage(), e);
        }
    }

    /** Ends what goes over the wires, too. */
    @Override
    public void close() {
        kafka.close();
        postgres.close();
        provider.close();
        nowhere.close();
    }

    private static String over(TcpProxy wire, String url) {
        URI direct = URI.create(url);
        return direct.getScheme() + "://127.0.0.1:" + wire.port() + direct.getPath();
    }
}
