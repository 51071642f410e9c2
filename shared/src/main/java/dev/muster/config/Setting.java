package dev.muster.config;

import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;

/**
 * Every setting there is: its key in {@code muster.properties}, its default and what it means. The environment variable
 * of {@code muster.kafka.bootstrap} is {@code MUSTER_KAFKA_BOOTSTRAP}; {@code …_FILE} names a file that has the value.
 * {@code docs/config.md} is generated from this list.
 */
public enum Setting {
    KAFKA_BOOTSTRAP(
            "muster.kafka.bootstrap", "127.0.0.1:9092", "Kafka's bootstrap servers, host:port, comma-separated"),
    POSTGRES_URL("muster.postgres.url", "jdbc:postgresql://127.0.0.1:5432/muster", "JDBC URL of the database"),
    POSTGRES_USER("muster.postgres.user", "muster", "Database user"),
    POSTGRES_PASSWORD("muster.postgres.password", "", "Its password; shown nowhere"),

    WORKER_NAME("muster.worker.name", "", "A worker's name; empty: made from the host's name"),
    WORKER_INCARNATION("muster.worker.incarnation", "", "Set by the process launcher: the life it has minted"),
    WORKER_POOL("muster.worker.pool", "default", "The pool that a worker belongs to"),
    WORKER_SLOTS("muster.worker.slots", "64", "How many jobs a worker runs at once, 1 to 10000"),
    WORKER_LANES("muster.worker.lanes", "2", "Store threads (and connections) of a worker, 1 to 16"),
    WORKER_HANDLERS("muster.worker.handlers", "handlers", "Folder of jars with users' handlers"),
    WORKER_HOST("muster.worker.host", "127.0.0.1", "Address of a worker's metrics and health port"),
    WORKER_PORT("muster.worker.port", "0", "That port; 0: any free one"),
    WORKER_ADVERTISED(
            "muster.worker.advertised",
            "",
            "host:port under which a coordinator reaches that port, such as one that is mapped; empty: as it is bound"),
    WORKER_DRAIN_TIMEOUT("muster.worker.drain-timeout", "30s", "How long a stopping worker waits for its running jobs"),
    WORKER_MAX_ABANDONED(
            "muster.worker.max-abandoned",
            "8",
            "So many threads of jobs that run on after their interrupt make a worker drain and end"),
    WORKER_QUARANTINE(
            "muster.worker.quarantine", "false", "Set by the process launcher: it runs only jobs that are lent to it"),
    WORKER_SPARE("muster.worker.spare", "false", "Set by the process launcher: it waits, warm, for a life to live"),
    WORKER_RUN_FOLDER("muster.worker.run-folder", "", "Folder for a worker's exit reason; empty: none is written"),
    JOB_CANCEL_GRACE(
            "muster.job.cancel-grace", "10s", "How long a job that is to be cancelled may go on before its interrupt"),
    RECORD_MAX_BYTES("muster.record.max-bytes", "262144", "A larger submission becomes a dead job, bytes"),
    REDRIVE_LIMIT("muster.redrive.limit", "3", "How often a dead job is redriven before that takes force, 0 to 1000"),

    COORDINATOR_NAME("muster.coordinator.name", "", "A coordinator's name; empty: host and process id"),
    COORDINATOR_HOST("muster.coordinator.host", "127.0.0.1", "Address of the HTTP API"),
    COORDINATOR_PORT("muster.coordinator.port", "8080", "Port of the HTTP API; 0: any free one"),
    HTTP_ALLOW_REMOTE(
            "muster.http.allow-remote",
            "false",
            "The HTTP API, which asks for no password, may listen where others reach it"),
    FLEET_LAUNCHER("muster.fleet.launcher", "process", "process: the coordinator starts workers; external: others do"),
    FLEET_WORKERS("muster.fleet.workers", "2", "How many workers the process launcher keeps, 0 to 1000"),
    FLEET_SPARES(
            "muster.fleet.spares",
            "1",
            "Warm processes that the process launcher has ready to take the place of a worker that died, 0 to 10"),
    FLEET_COMMAND("muster.fleet.command", "", "Command line that starts a worker, words separated by tab or space"),
    FLEET_RUN_FOLDER("muster.fleet.run-folder", "data/workers", "Folder for the workers' logs"),
    FLEET_KILL_LOST("muster.fleet.kill-lost", "true", "Kill a worker that fell silent, where it can be reached"),
    FLEET_STRATEGY(
            "muster.fleet.strategy",
            "one_for_one",
            "Which workers are restarted with one: one_for_one, one_for_all or rest_for_one (those after it)"),
    FLEET_INTENSITY("muster.fleet.intensity", "20", "More restarts than this within the period stop the pool"),
    FLEET_PERIOD("muster.fleet.period", "10s", "The period of the restart intensity"),

    GROUP_SESSION_TIMEOUT("muster.group.session-timeout", "3s", "Kafka's own session timeout of the workers' group"),
    GROUP_HEARTBEAT("muster.group.heartbeat", "100ms", "Kafka's own heartbeat of the workers' group"),
    HEARTBEAT_INTERVAL("muster.heartbeat.interval", "250ms", "How often a worker says that it lives"),
    HEARTBEAT_SUSPECT("muster.heartbeat.suspect-after", "750ms", "Silence that makes a worker suspect"),
    HEARTBEAT_LOST(
            "muster.heartbeat.lost-after", "1500ms", "Silence that makes it lost, if its health port is dead too"),
    TRUST_WINDOW("muster.trust.window", "1s", "Age of the last read of its own row with which a worker calls outside"),
    LEASE_TTL("muster.lease.ttl", "3s", "How long a coordinator leads without renewing"),

    RETENTION_HISTORY(
            "muster.retention.history",
            "30d",
            "How long finished jobs, their runs and intents are kept; whole days (UTC)"),
    RETENTION_INCIDENTS("muster.retention.incidents", "90d", "How long closed incidents are kept"),
    RETENTION_SUPERVISION("muster.retention.supervision", "30d", "How long events of supervisors are kept"),

    PAYMENTS_URL("muster.payments.url", "http://127.0.0.1:12111", "Base URL of the payment provider's API"),
    PAYMENTS_KEY("muster.payments.key", "sk_test_muster", "API key of the payment provider; shown nowhere"),
    PAYMENTS_TIMEOUT("muster.payments.timeout", "5s", "How long a call to the provider may take"),
    PAYMENTS_HEALTH_CHECK(
            "muster.payments.health-check", "5s", "How often a worker asks the provider whether it lives; 0s: never"),

    SANDBOX_HOST("muster.sandbox.host", "127.0.0.1", "Address of the sandbox provider"),
    SANDBOX_PORT("muster.sandbox.port", "12111", "Its port; 0: any free one"),
    SANDBOX_DATA("muster.sandbox.data", "data/sandbox", "Folder of its journal");

    private final String key;
    private final String defaultValue;
    private final String help;

    Setting(String key, String defaultValue, String help) {
        this.key = key;
        this.defaultValue = defaultValue;
        this.help = help;
    }

    public String key() {
        return key;
    }

    public String defaultValue() {
        return defaultValue;
    }

    public String help() {
        return help;
    }

    /** True for values that must appear in no log and no dump. */
    public boolean isSecret() {
        return key.endsWith(".password") || key.endsWith("payments.key");
    }

    /** The name of its environment variable. */
    public String environmentName() {
        return key.toUpperCase(Locale.ROOT).replace('.', '_').replace('-', '_');
    }

    static Optional<Setting> ofKey(String key) {
        return Arrays.stream(values()).filter(s -> s.key.equals(key)).findFirst();
    }

    static Optional<Setting> ofEnvironment(String name) {
        return Arrays.stream(values())
                .filter(s -> s.environmentName().equals(name))
                .findFirst();
    }
}
