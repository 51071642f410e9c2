package dev.muster.local.cli;

import dev.muster.config.ConfigException;
import dev.muster.config.Settings;
import dev.muster.job.JobId;
import dev.muster.local.CommandException;
import dev.muster.local.Console;
import dev.muster.store.Database;
import dev.muster.store.DeadLetter;
import dev.muster.store.DeadLetterStore;
import dev.muster.store.DeadLetterStore.Filter;
import dev.muster.store.DeadLetterStore.Kept;
import dev.muster.store.DeadLetterStore.Past;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code muster dead …}. */
@Command(
        name = "dead",
        mixinStandardHelpOptions = true,
        description = "Shows dead jobs and records that never were jobs, and redrives them.")
final class DeadCommand implements Runnable {
    private final Console console;

    private DeadCommand(Console console) {
        this.console = console;
    }

    static CommandLine line(Console console) {
        return new CommandLine(new DeadCommand(console))
                .addSubcommand(new Groups(console))
                .addSubcommand(new ListSome(console))
                .addSubcommand(new Show(console))
                .addSubcommand(new RedriveCommand(console));
    }

    @Override
    public void run() {
        CommandLine.usage(this, console.out());
    }

    /** Which letters a command is about. */
    static final class Which {
        @Option(names = "--queue", paramLabel = "QUEUE", description = "Of this queue only")
        private Optional<String> queue = Optional.empty();

        @Option(
                names = "--type",
                paramLabel = "TYPE",
                description = "Of this job type only; none: records that were no jobs")
        private Optional<String> type = Optional.empty();

        @Option(
                names = "--group",
                paramLabel = "GROUP",
                description = "Of this group only; muster dead groups lists them")
        private Optional<String> group = Optional.empty();

        @Option(
                names = "--since",
                paramLabel = "TIME",
                description = "That died since then: 2026-01-31T12:00:00Z, or 2h for the last two hours")
        private Optional<String> since = Optional.empty();

        /** The letters, of these jobs if any are named. */
        Filter filter(List<String> ids, Instant now) {
            return new Filter(
                    ids.stream().map(DeadCommand::parse).toList(),
                    group,
                    queue,
                    type,
                    since.map(text -> time(text, now)));
        }

        private static Instant time(String text, Instant now) {
            try {
                return Instant.parse(text);
            } catch (DateTimeException _) {
                try {
                    return now.minus(Settings.parseDuration(text, "--since"));
                } catch (ConfigException _) {
                    throw CommandException.misused("--since is no time such as 2026-01-31T12:00:00Z, nor 2h: " + text);
                }
            }
        }
    }

    /** {@code muster dead groups}. */
    @Command(
            name = "groups",
            mixinStandardHelpOptions = true,
            description = "Groups dead letters by what they died of, the largest groups first.")
    static final class Groups implements Callable<Integer> {
        @Option(names = "--queue", paramLabel = "QUEUE", description = "Of this queue only")
        private Optional<String> queue = Optional.empty();

        @Option(names = "--type", paramLabel = "TYPE", description = "Of this job type only")
        private Optional<String> type = Optional.empty();

        @Option(names = "--limit", paramLabel = "N", description = "At most so many, up to 1000; default: 50")
        private int limit = 50;

        @Mixin
        private ClientOptions client = new ClientOptions();

        private final Console console;

        Groups(Console console) {
            this.console = console;
        }

        @Override
        public Integer call() {
            try (Database database = Database.open(client.settings(), "muster-cli", 1, Optional.empty())) {
                DeadPrinter.groups(new DeadLetterStore(database).groups(queue, type, limit))
                        .forEach(console::line);
            }
            return 0;
        }
    }

    /** {@code muster dead list}. */
    @Command(name = "list", mixinStandardHelpOptions = true, description = "Lists dead letters, the latest first.")
    static final class ListSome implements Callable<Integer> {
        @Mixin
        private Which which = new Which();

        @Option(names = "--limit", paramLabel = "N", description = "At most so many, up to 1000; default: 50")
        private int limit = 50;

        @Mixin
        private ClientOptions client = new ClientOptions();

        private final Console console;

        ListSome(Console console) {
            this.console = console;
        }

        @Override
        public Integer call() {
            try (Database database = Database.open(client.settings(), "muster-cli", 1, Optional.empty())) {
                DeadLetterStore letters = new DeadLetterStore(database);
                DeadPrinter.table(letters.list(which.filter(List.of(), letters.now()), limit))
                        .forEach(console::line);
            }
            return 0;
        }
    }

    /** {@code muster dead show}. */
    @Command(
            name = "show",
            mixinStandardHelpOptions = true,
            description = "Shows a dead letter: what it died of, its calls to the outside, its payload.")
    static final class Show implements Callable<Integer> {
        @Parameters(paramLabel = "ID", description = "The job's id, a UUID")
        private String id = "";

        @Mixin
        private ClientOptions client = new ClientOptions();

        private final Console console;

        Show(Console console) {
            this.console = console;
        }

        @Override
        public Integer call() {
            JobId job = parse(id);
            try (Database database = Database.open(client.settings(), "muster-cli", 1, Optional.empty())) {
                DeadLetterStore letters = new DeadLetterStore(database);
                List<Past> redrives = letters.redrives(job);
                Kept kept = letters.find(job).orElseThrow(() -> missing(job, redrives));
                DeadLetter letter = kept.letter();
                DeadPrinter.page(letter, kept.record(), letters.calls(job), redrives)
                        .forEach(console::line);
            }
            return 0;
        }

        private static CommandException missing(JobId job, List<Past> redrives) {
            return CommandException.failed(
                    redrives.isEmpty()
                            ? "there is no dead letter of job " + job
                            : "job " + job + " was redriven; look at it with: muster jobs show "
                                    + redrives.getLast().as());
        }
    }

    static JobId parse(String text) {
        try {
            return JobId.parse(text);
        } catch (IllegalArgumentException _) {
            throw CommandException.misused("not a job's id, which is a UUID: " + text);
        }
    }
}
