package dev.muster.local.cli;

import dev.muster.config.Settings;
import dev.muster.job.Ordering;
import dev.muster.job.Queue;
import dev.muster.kafka.KafkaClients;
import dev.muster.kafka.TopicAdmin;
import dev.muster.local.CommandException;
import dev.muster.local.Console;
import dev.muster.local.stack.QueueSetup;
import dev.muster.store.Database;
import dev.muster.store.QueueStore;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.apache.kafka.clients.admin.Admin;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code muster queue …}. */
@Command(
        name = "queue",
        mixinStandardHelpOptions = true,
        description = "Makes and lists queues, and lets held keys go on.")
final class QueueCommand implements Runnable {
    private final Console console;

    private QueueCommand(Console console) {
        this.console = console;
    }

    static CommandLine line(Console console) {
        return new CommandLine(new QueueCommand(console))
                .addSubcommand(new Create(console))
                .addSubcommand(new ListAll(console))
                .addSubcommand(new QueueSetCommand(console))
                .addSubcommand(new QueueGrowCommand(console))
                .addSubcommand(new KeyHoldCommands.Say(console))
                .addSubcommand(new KeyHoldCommands.Held(console))
                .addSubcommand(new KeyHoldCommands.Release(console));
    }

    @Override
    public void run() {
        CommandLine.usage(this, console.out());
    }

    /** {@code muster queue create}. */
    @Command(name = "create", mixinStandardHelpOptions = true, description = "Makes a queue: a topic and a row.")
    static final class Create implements Callable<Integer> {
        @Parameters(paramLabel = "NAME", description = "Lower-case letters, digits, '.', '_' and '-'")
        private String name = "";

        @Option(
                names = "--ordering",
                required = true,
                paramLabel = "none|key",
                description = "key: jobs of one key run one after the other, in the order of their submission")
        private String ordering = "";

        @Option(names = "--partitions", paramLabel = "N", description = "Partitions of its topic; default: 48")
        private int partitions = 48;

        @Option(names = "--pool", paramLabel = "POOL", description = "The workers that run it; default: default")
        private String pool = "default";

        @Option(
                names = "--duplicates",
                paramLabel = "TIME|off",
                description = "How long a submission with the same source and id is the same job; default: 7d")
        private String duplicates = "7d";

        @Option(
                names = "--weight",
                paramLabel = "N",
                description = "Its share of its pool's slots while other queues have work too, 1 to 1000; default: 1")
        private int weight = 1;

        @Mixin
        private ClientOptions client = new ClientOptions();

        private final Console console;

        Create(Console console) {
            this.console = console;
        }

        @Override
        public Integer call() {
            Queue queue =
                    new Queue(name, Ordering.parse(ordering), pool, partitions, window(duplicates), false, weight, 0);
            Settings settings = client.settings();
            try (Database database = Database.open(settings, "muster-cli", 1, Optional.empty());
                    Admin admin = new KafkaClients(settings).admin("muster-cli")) {
                TopicAdmin topics = new TopicAdmin(admin, settings);
                QueueStore queues = new QueueStore(database);
                Optional<Queue> there = queues.find(name);
                if (there.isPresent() && !there.get().isLike(queue)) {
                    throw CommandException.failed(
                            "there is a queue " + name + " of another kind: " + words(there.get()));
                }
                boolean made = QueueSetup.ensure(topics, queues, queue);
                console.line("queue " + name + (made ? ": made, " : ": there already, ") + words(queue));
            }
            return 0;
        }

        private static Optional<Duration> window(String text) {
            return text.equals("off") ? Optional.empty() : Optional.of(Settings.parseDuration(text, "--duplicates"));
        }

        private static String words(Queue queue) {
            return "ordering " + queue.ordering().wireName() + ", " + queue.partitions() + " partitions, pool "
                    + queue.pool() + ", weight " + queue.weight() + ", duplicates " + windowWords(queue);
        }
    }

    /** {@code muster queue list}. */
    @Command(name = "list", mixinStandardHelpOptions = true, description = "Lists the queues.")
    static final class ListAll implements Callable<Integer> {
        @Mixin
        private ClientOptions client = new ClientOptions();

        private final Console console;

        ListAll(Console console) {
            this.console = console;
        }

        @Override
        public Integer call() {
            try (Database database = Database.open(client.settings(), "muster-cli", 1, Optional.empty())) {
                List<Queue> queues = new QueueStore(database).list();
                console.line(row("NAME", "ORDERING", "POOL", "PARTITIONS", "WEIGHT", "DUPLICATES", "PAUSED"));
                for (Queue queue : queues) {
                    console.line(row(
                            queue.name(),
                            queue.ordering().wireName(),
                            queue.pool(),
                            Integer.toString(queue.partitions()),
                            Integer.toString(queue.weight()),
                            windowWords(queue),
                            queue.paused() ? "yes" : "no"));
                }
            }
            return 0;
        }

        private static String row(
                String name,
                String ordering,
                String pool,
                String partitions,
                String weight,
                String duplicates,
                String paused) {
            return String.format(
                    Locale.ROOT,
                    "%-24s %-8s %-12s %-10s %-6s %-10s %s",
                    name,
                    ordering,
                    pool,
                    partitions,
                    weight,
                    duplicates,
                    paused);
        }
    }

    private static String windowWords(Queue queue) {
        return queue.duplicateWindow().map(QueueCommand::duration).orElse("off");
    }

    /** The form that the option takes. */
    private static String duration(Duration window) {
        long millis = window.toMillis();
        if (millis % 86_400_000 == 0) {
            return millis / 86_400_000 + "d";
        }
        return millis % 1000 == 0 ? millis / 1000 + "s" : millis + "ms";
    }
}
