package dev.muster.local.cli;

import dev.muster.job.AfterDead;
import dev.muster.local.CommandException;
import dev.muster.local.Console;
import dev.muster.store.Database;
import dev.muster.store.KeyHoldStore;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Those of {@code muster queue …} that are about keys whose job is dead. */
final class KeyHoldCommands {
    private static final int MOST = 1_000;

    private KeyHoldCommands() {}

    /** {@code muster queue after-dead}. */
    @Command(
            name = "after-dead",
            mixinStandardHelpOptions = true,
            description =
                    "Says what follows a dead job in its key, whatever its handler says. For deaths from then on.")
    static final class Say implements Callable<Integer> {
        @Parameters(paramLabel = "NAME", description = "The queue")
        private String queue = "";

        @Option(names = "--type", required = true, paramLabel = "TYPE", description = "The job type")
        private String type = "";

        @Option(
                names = "--do",
                required = true,
                paramLabel = "go-on|hold|handler",
                description = "The key goes on; waits for an operator; or as the handler says")
        private String what = "";

        @Mixin
        private ClientOptions client = new ClientOptions();

        private final Console console;

        Say(Console console) {
            this.console = console;
        }

        @Override
        public Integer call() {
            try (Database database = open(client)) {
                KeyHoldStore store = new KeyHoldStore(database);
                switch (what) {
                    case "go-on" -> say(store, AfterDead.GO_ON, "its key goes on");
                    case "hold" -> say(store, AfterDead.HOLD_KEY, "its key is held");
                    case "handler" -> {
                        store.unsay(queue, type);
                        tell("as its handler says");
                    }
                    default -> throw CommandException.misused("--do is neither go-on, hold nor handler: " + what);
                }
            }
            return 0;
        }

        private void say(KeyHoldStore store, AfterDead afterDead, String words) {
            if (!store.say(new KeyHoldStore.Policy(queue, type, afterDead))) {
                throw CommandException.failed("there is no queue " + queue);
            }
            tell(words);
        }

        private void tell(String words) {
            console.line("a dead " + type + " in " + queue + ": " + words);
        }
    }

    /** {@code muster queue held}. */
    @Command(
            name = "held",
            mixinStandardHelpOptions = true,
            description = {
                "Lists the keys that wait for an operator, and what operators have said in advance.",
                "muster dead redrive JOB runs the dead job again, ahead of all that wait; muster queue release goes on "
                        + "without it."
            })
    static final class Held implements Callable<Integer> {
        @Parameters(arity = "0..1", paramLabel = "NAME", description = "The queue; else all")
        private Optional<String> queue = Optional.empty();

        @Mixin
        private ClientOptions client = new ClientOptions();

        private final Console console;

        Held(Console console) {
            this.console = console;
        }

        @Override
        public Integer call() {
            try (Database database = open(client)) {
                KeyHoldStore store = new KeyHoldStore(database);
                List<KeyHoldStore.Hold> holds = store.held(queue, MOST);
                console.line(row("QUEUE", "KEY", "DEAD JOB", "TYPE", "SINCE", "WAITING"));
                for (KeyHoldStore.Hold hold : holds) {
                    console.line(row(
                            hold.queue(),
                            hold.key(),
                            hold.dead(),
                            hold.type(),
                            hold.since(),
                            hold.behind() + (hold.behind() == KeyHoldStore.MOST_BEHIND ? " or more" : "")));
                }
                if (holds.size() == MOST) {
                    console.line("… and more");
                }
                store.policies().stream()
                        .filter(said -> queue.isEmpty() || said.queue().equals(queue.get()))
                        .forEach(said -> console.line("said: a dead " + said.type() + " in " + said.queue() + ": "
                                + (said.afterDead() == AfterDead.HOLD_KEY ? "its key is held" : "its key goes on")));
            }
            return 0;
        }

        private static String row(Object... cells) {
            return String.format(Locale.ROOT, "%-20s  %-20s  %-36s  %-20s  %-27s  %s", cells)
                    .stripTrailing();
        }
    }

    /** {@code muster queue release}. */
    @Command(
            name = "release",
            mixinStandardHelpOptions = true,
            description = "Lets a held key go on without its dead job, which stays a dead letter.")
    static final class Release implements Callable<Integer> {
        @Parameters(index = "0", paramLabel = "NAME", description = "The queue")
        private String queue = "";

        @Parameters(index = "1", paramLabel = "KEY", description = "The key")
        private String key = "";

        @Mixin
        private ClientOptions client = new ClientOptions();

        private final Console console;

        Release(Console console) {
            this.console = console;
        }

        @Override
        public Integer call() {
            try (Database database = open(client)) {
                if (!new KeyHoldStore(database).release(queue, key)) {
                    throw CommandException.failed("the key " + key + " of " + queue + " is not held");
                }
            }
            console.line("the key " + key + " of " + queue + " goes on");
            return 0;
        }
    }

    private static Database open(ClientOptions client) {
        return Database.open(client.settings(), "muster-cli", 1, Optional.empty());
    }
}
