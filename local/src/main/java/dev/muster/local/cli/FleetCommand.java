package dev.muster.local.cli;

import dev.muster.local.CommandException;
import dev.muster.local.Console;
import dev.muster.store.Database;
import dev.muster.store.PoolStore;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** {@code muster fleet …}. */
@Command(name = "fleet", mixinStandardHelpOptions = true, description = "Acts on pools of workers.")
final class FleetCommand implements Runnable {
    private final Console console;

    private FleetCommand(Console console) {
        this.console = console;
    }

    static CommandLine line(Console console) {
        return new CommandLine(new FleetCommand(console)).addSubcommand(new Restart(console));
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
}
