package dev.muster.local.cli;

import dev.muster.config.Setting;
import dev.muster.config.Settings;
import dev.muster.job.Queue;
import dev.muster.kafka.KafkaClients;
import dev.muster.kafka.TopicAdmin;
import dev.muster.local.CommandException;
import dev.muster.local.Console;
import dev.muster.local.StopRequest;
import dev.muster.local.stack.QueueSetup;
import dev.muster.local.stack.StackConfig;
import dev.muster.store.Database;
import dev.muster.store.Migrations;
import dev.muster.store.QueueStore;
import dev.muster.time.Ticker;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.apache.kafka.clients.admin.Admin;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code muster migrate}: what must be there before coordinators and workers start. */
@Command(
        name = "migrate",
        mixinStandardHelpOptions = true,
        description = "Brings schema and topics up to date and makes the default queues, then ends; for containers.")
final class MigrateCommand implements Callable<Integer> {
    private static final Duration PAUSE = Duration.ofSeconds(1);

    @Option(
            names = "--wait",
            paramLabel = "TIME",
            description = "How long to try when Kafka or Postgres does not answer; default: 60s")
    private String wait = "60s";

    @Mixin
    private ConfigOptions config = new ConfigOptions();

    private final Console console;

    MigrateCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() {
        Settings settings = config.load(Map.of());
        Duration limit = Settings.parseDuration(wait, "--wait");
        try (StopRequest stop = StopRequest.listening()) {
            // Waiting helps with servers that are not up yet, not with a migration that fails.
            retrying(stop, limit, "Postgres at " + settings.string(Setting.POSTGRES_URL), () -> connect(settings));
            console.line("schema: " + Migrations.migrate(settings) + " migrations applied");
            retrying(stop, limit, "Kafka at " + settings.string(Setting.KAFKA_BOOTSTRAP), () -> topics(settings));
        }
        return 0;
    }

    private static void connect(Settings settings) {
        try (Database database = Database.open(settings, "muster-migrate", 1, Optional.empty())) {
            database.connection().close();
        } catch (SQLException e) {
            throw CommandException.failed("can't close a connection to Postgres: " + e);
        }
    }

    private void topics(Settings settings) {
        try (Database database = Database.open(settings, "muster-migrate", 1, Optional.empty());
                Admin admin = new KafkaClients(settings).admin("muster-migrate")) {
            TopicAdmin topics = new TopicAdmin(admin, settings);
            topics.ensureInternalTopics();
            QueueStore queues = new QueueStore(database);
            for (Queue queue : StackConfig.defaultQueues()) {
                boolean made = QueueSetup.ensure(topics, queues, queue);
                console.line("queue " + queue.name() + ": " + (made ? "made" : "there already"));
            }
        }
    }

    /** Runs a step that may be run twice until it works. */
    private void retrying(StopRequest stop, Duration limit, String what, Runnable step) {
        long start = Ticker.system().nanos();
        while (true) {
            try {
                step.run();
                return;
            } catch (RuntimeException e) {
                if (Ticker.system().nanos() - start > limit.toNanos()) {
                    throw CommandException.failed(what + ": " + OneLine.of(e));
                }
                console.err()
                        .println("muster: " + what + " does not answer as it should (" + OneLine.of(e)
                                + "); trying again for up to " + limit.toSeconds() + " s");
                if (stop.await(PAUSE)) {
                    throw CommandException.failed("stopped before everything was migrated; run it again");
                }
            }
        }
    }
}
