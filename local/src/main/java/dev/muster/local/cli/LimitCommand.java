package dev.muster.local.cli;

import dev.muster.local.Console;
import dev.muster.store.Database;
import dev.muster.store.LimitStore;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code muster limit …}. */
@Command(
        name = "limit",
        mixinStandardHelpOptions = true,
        description = "Says how many jobs of a limit key run at once in the whole fleet.")
final class LimitCommand implements Runnable {
    private static final int MOST_KEYS = 1_000;

    private final Console console;

    private LimitCommand(Console console) {
        this.console = console;
    }

    static CommandLine line(Console console) {
        return new CommandLine(new LimitCommand(console))
                .addSubcommand(new Set(console))
                .addSubcommand(new Remove(console))
                .addSubcommand(new ListAll(console));
    }

    @Override
    public void run() {
        CommandLine.usage(this, console.out());
    }

    /** Which limit is meant. */
    static final class Which {
        @Parameters(paramLabel = "NAME", description = "A limit key, the beginning of one, or a queue")
        private String name = "";

        @Option(
                names = "--kind",
                paramLabel = "key|prefix|queue",
                description = "key (default); prefix: each key that begins so; queue: each other key of its jobs")
        private LimitStore.Kind kind = LimitStore.Kind.KEY;

        @Mixin
        private ClientOptions client = new ClientOptions();

        String words() {
            return kind.wireName() + " " + name;
        }
    }

    /** {@code muster limit set}. */
    @Command(name = "set", mixinStandardHelpOptions = true, description = "Sets a limit, or changes it.")
    static final class Set implements Callable<Integer> {
        @Mixin
        private Which which = new Which();

        @Option(names = "--max", required = true, paramLabel = "N", description = "Jobs at once, 0 to 10000; 0: none")
        private int max;

        private final Console console;

        Set(Console console) {
            this.console = console;
        }

        @Override
        public Integer call() {
            LimitStore.Limit limit = new LimitStore.Limit(which.kind, which.name, max);
            try (Database database = Database.open(which.client.settings(), "muster-cli", 1, Optional.empty())) {
                new LimitStore(database).set(limit);
            }
            console.line(which.words() + ": at most " + max + " at once");
            return 0;
        }
    }

    /** {@code muster limit remove}. */
    @Command(name = "remove", mixinStandardHelpOptions = true, description = "Takes a limit away.")
    static final class Remove implements Callable<Integer> {
        @Mixin
        private Which which = new Which();

        private final Console console;

        Remove(Console console) {
            this.console = console;
        }

        @Override
        public Integer call() {
            try (Database database = Database.open(which.client.settings(), "muster-cli", 1, Optional.empty())) {
                new LimitStore(database).remove(which.kind, which.name);
            }
            console.line(which.words() + ": no limit of its own");
            return 0;
        }
    }

    /** {@code muster limit list}. */
    @Command(
            name = "list",
            mixinStandardHelpOptions = true,
            description = "Lists the limits, and the keys of which jobs run or wait.")
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
                LimitStore limits = new LimitStore(database);
                console.line(row("KIND", "NAME", "MAX", ""));
                limits.list().forEach(l -> console.line(row(l.kind().wireName(), l.name(), l.max(), "")));
                limits.use(MOST_KEYS)
                        .forEach(use -> console.line(row(
                                "in use", use.key(), "", use.running() + " running, " + use.waiting() + " waiting")));
            }
            return 0;
        }

        private static String row(Object... cells) {
            return String.format(Locale.ROOT, "%-6s  %-40s  %7s  %s", cells).stripTrailing();
        }
    }
}
