package dev.muster.local.cli;

import dev.muster.config.Settings;
import dev.muster.kafka.KafkaClients;
import dev.muster.kafka.TopicAdmin;
import dev.muster.local.CommandException;
import dev.muster.local.Console;
import dev.muster.local.stack.QueueGrowth;
import dev.muster.store.Database;
import dev.muster.store.GrowthStore;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code muster queue grow}. */
@Command(
        name = "grow",
        mixinStandardHelpOptions = true,
        description = {
            "Gives a queue more partitions; in a keyed queue without breaking the order of any key.",
            "Stopped halfway nothing is lost: what comes in the new partitions waits. Given again it goes on."
        })
final class QueueGrowCommand implements Callable<Integer> {
    private static final Duration LOOK = Duration.ofMillis(500);

    @Parameters(paramLabel = "NAME", description = "The queue")
    private String name = "";

    @Option(
            names = "--partitions",
            required = true,
            paramLabel = "N",
            description = "How many it is to have; of a keyed queue a multiple of what it has")
    private int partitions;

    @Option(
            names = "--settle",
            paramLabel = "TIME",
            description = "How long a producer may go on by the old number: metadata.max.age.ms and "
                    + "delivery.timeout.ms of the slowest, together; default: 8m")
    private String settle = "8m";

    @Option(names = "--no-wait", description = "Do what can be done now, and say what is missing")
    private boolean noWait;

    @Mixin
    private ClientOptions client = new ClientOptions();

    private final Console console;

    QueueGrowCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() throws InterruptedException {
        Settings settings = client.settings();
        Duration wait = Settings.parseDuration(settle, "--settle");
        try (Database database = Database.open(settings, "muster-cli", 1, Optional.empty());
                Admin admin = new KafkaClients(settings).admin("muster-cli")) {
            QueueGrowth growth =
                    new QueueGrowth(new GrowthStore(database), new TopicAdmin(admin, settings), name, partitions);
            refuse(growth.begin());
            String said = "";
            while (growth.goOn(wait) != GrowthStore.Phase.OPEN) {
                String now = growth.words(wait);
                if (!now.equals(said)) {
                    console.line(now);
                    said = now;
                }
                if (noWait) {
                    return CommandException.FAILED;
                }
                TimeUnit.NANOSECONDS.sleep(LOOK.toNanos());
            }
        }
        console.line("queue " + name + ": " + partitions + " partitions");
        return 0;
    }

    private void refuse(GrowthStore.Announced announced) {
        switch (announced) {
            case ANNOUNCED, GROWING, OPEN -> {}
            case BUSY -> throw CommandException.failed("it is growing to another number already; finish that first");
            case NOT_MORE -> throw CommandException.failed("it has more partitions: Kafka can't take any away");
            case NOT_A_MULTIPLE ->
                throw CommandException.failed("a keyed queue grows to a multiple of what it has, "
                        + "since otherwise keys would move between partitions that have jobs");
            case UNKNOWN -> throw CommandException.failed("there is no queue " + name);
        }
    }
}
