package dev.muster.worker;

import dev.muster.config.ConfigException;
import dev.muster.config.Setting;
import dev.muster.config.Settings;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/**
 * A worker's settings.
 *
 * @param quarantine it is in no group and has no partitions: it runs what is lent to it, one job after the other
 * @param slots jobs at once
 * @param lanes store threads
 * @param maxRecordBytes a larger submission becomes a dead job
 * @param drainTimeout how long a stopping worker waits for its jobs
 * @param trustWindow age of the last read of the own row with which it calls outside
 * @param healthCheck how often the provider is asked whether it lives; empty: never
 */
record WorkerConfig(
        Names names,
        boolean quarantine,
        int slots,
        int lanes,
        int maxRecordBytes,
        Duration drainTimeout,
        Duration trustWindow,
        Optional<Duration> healthCheck,
        Paths paths) {

    WorkerConfig {
        if (slots < lanes) {
            throw new ConfigException(
                    "muster.worker.slots (" + slots + ") is below muster.worker.lanes (" + lanes + ")");
        }
    }

    /**
     * Who it is.
     *
     * @param incarnation minted by the launcher; empty: it mints its own
     */
    record Names(String worker, Optional<String> incarnation, String pool) {}

    /**
     * Where its files and its port are.
     *
     * @param advertised where others reach the port; empty: where it is bound
     */
    record Paths(
            String host, int port, Optional<InetSocketAddress> advertised, Path handlers, Optional<Path> runFolder) {}

    static WorkerConfig of(Settings settings, String hostName) {
        String name = settings.string(Setting.WORKER_NAME);
        boolean quarantine = settings.bool(Setting.WORKER_QUARANTINE);
        return new WorkerConfig(
                new Names(
                        name.isEmpty() ? "worker-" + hostName.replaceAll("[^a-zA-Z0-9_-]", "-") : name,
                        optional(settings, Setting.WORKER_INCARNATION),
                        settings.string(Setting.WORKER_POOL)),
                quarantine,
                quarantine ? 1 : settings.integer(Setting.WORKER_SLOTS, 1, 10_000),
                quarantine ? 1 : settings.integer(Setting.WORKER_LANES, 1, 16),
                settings.integer(Setting.RECORD_MAX_BYTES, 1_024, 100_000_000),
                settings.duration(Setting.WORKER_DRAIN_TIMEOUT),
                settings.duration(Setting.TRUST_WINDOW),
                // Here zero has a meaning: never.
                Optional.of(Settings.parseDuration(
                                settings.string(Setting.PAYMENTS_HEALTH_CHECK), Setting.PAYMENTS_HEALTH_CHECK.key()))
                        .filter(interval -> !interval.isZero()),
                new Paths(
                        settings.string(Setting.WORKER_HOST),
                        settings.integer(Setting.WORKER_PORT, 0, 65_535),
                        optional(settings, Setting.WORKER_ADVERTISED).map(WorkerConfig::address),
                        Path.of(settings.string(Setting.WORKER_HANDLERS)),
                        optional(settings, Setting.WORKER_RUN_FOLDER).map(Path::of)));
    }

    private static InetSocketAddress address(String text) {
        int colon = text.lastIndexOf(':');
        try {
            if (colon > 0) {
                return InetSocketAddress.createUnresolved(
                        text.substring(0, colon), Integer.parseInt(text.substring(colon + 1)));
            }
        } catch (IllegalArgumentException e) {
            // Falls through to the one message that names the key.
        }
        throw new ConfigException(Setting.WORKER_ADVERTISED.key() + " is not host:port: " + text);
    }

    private static Optional<String> optional(Settings settings, Setting setting) {
        return Optional.of(settings.string(setting)).filter(value -> !value.isEmpty());
    }
}
