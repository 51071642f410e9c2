package dev.muster.local.cli;

import dev.muster.local.CommandException;
import dev.muster.local.Console;
import dev.muster.store.Database;
import dev.muster.store.PoolStore;
import dev.muster.store.SupervisionStore;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code muster fleet …}. */
@Command(
        name = "fleet",
        mixinStandardHelpOptions = true,
        description = "Acts on pools of workers, and shows what happened to them.")
final class FleetCommand implements Runnable {
    private final Console console;

    private FleetCommand(Console console) {
        this.console = console;
    }

    static CommandLine line(Console console) {
        return new CommandLine(new FleetCommand(console))
                .addSubcommand(new Restart(console))
                .addSubcommand(new History(console));
    }

    @Override
    public void run() {
        CommandLine.usage(this, console.out());
    }

    /** {@code muster fleet restart}. */
    @Command(
            name = "restart",
            mixinStandardHelpOptions = true,
            description =
                    "Starts a pool again that was given up, and lets its queues go on; or its workers that were left "
                            + "down since their configuration was wrong.")
    static final class Restart implements Callable<Integer> {
        @Parameters(paramLabel = "POOL", description = "Such as default")
        private String pool = "";

        @Mixin
        private ClientOptions client = new ClientOptions();

        private final Console console;

        Restart(Console console) {
            this.console = console;
        }

        @Override
        public Integer call() {
            try (Database database = Database.open(client.settings(), "muster-cli", 1, Optional.empty())) {
                if (!new PoolStore(database).restart(pool)) {
                    throw CommandException.failed("pool " + pool
                            + " is not given up and none of its workers is down for its configuration; nothing to do");
                }
            }
            console.line("pool " + pool + " starts again, and its queues go on");
            return 0;
        }
    }

    /** {@code muster fleet history}. */
    @Command(
            name = "history",
            mixinStandardHelpOptions = true,
            description =
                    "Shows what the supervisors of all processes have started, seen end and given up, newest first.")
    static final class History implements Callable<Integer> {
        @Option(names = "--path", paramLabel = "PATH", description = "Of supervisors whose path begins so only")
        private Optional<String> path = Optional.empty();

        @Option(names = "--child", paramLabel = "CHILD", description = "Of this child only")
        private Optional<String> child = Optional.empty();

        @Option(names = "--limit", paramLabel = "N", description = "At most so many, up to 1000; default: 50")
        private int limit = 50;

        @Mixin
        private ClientOptions client = new ClientOptions();

        private final Console console;

        History(Console console) {
            this.console = console;
        }

        @Override
        public Integer call() {
            SupervisionStore.Filter filter = new SupervisionStore.Filter(path, child, limit);
            try (Database database = Database.open(client.settings(), "muster-cli", 1, Optional.empty())) {
                HistoryPrinter.table(new SupervisionStore(database).recent(filter))
                        .forEach(console::line);
            }
            return 0;
        }
    }
}
