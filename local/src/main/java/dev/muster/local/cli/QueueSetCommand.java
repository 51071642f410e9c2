package dev.muster.local.cli;

import dev.muster.local.CommandException;
import dev.muster.local.Console;
import dev.muster.store.Database;
import dev.muster.store.QueueStore;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code muster queue set}. */
@Command(name = "set", mixinStandardHelpOptions = true, description = "Changes a queue. Workers see it in two seconds.")
final class QueueSetCommand implements Callable<Integer> {
    @Parameters(paramLabel = "NAME", description = "The queue")
    private String name = "";

    @Option(
            names = "--weight",
            required = true,
            paramLabel = "N",
            description = "Its share of its pool's slots while other queues have work too, 1 to 1000")
    private int weight;

    @Mixin
    private ClientOptions client = new ClientOptions();

    private final Console console;

    QueueSetCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() {
        if (weight < 1 || weight > 1000) {
            throw CommandException.misused("--weight is not between 1 and 1000: " + weight);
        }
        try (Database database = Database.open(client.settings(), "muster-cli", 1, Optional.empty())) {
            if (!new QueueStore(database).weigh(name, weight)) {
                throw CommandException.failed("there is no queue " + name);
            }
        }
        console.line("queue " + name + ": weight " + weight);
        return 0;
    }
}
