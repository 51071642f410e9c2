package dev.muster.local.cli;

import dev.muster.job.JobId;
import dev.muster.job.JobState;
import dev.muster.local.CommandException;
import dev.muster.local.Console;
import dev.muster.protocol.Json;
import dev.muster.store.Database;
import dev.muster.store.JobReader;
import dev.muster.store.JobView;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code muster jobs …}. */
@Command(
        name = "jobs",
        mixinStandardHelpOptions = true,
        description = "Shows jobs, explains and cancels them, decides about held ones.")
final class JobsCommand implements Runnable {
    private final Console console;

    private JobsCommand(Console console) {
        this.console = console;
    }

    static CommandLine line(Console console) {
        return new CommandLine(new JobsCommand(console))
                .addSubcommand(new ListSome(console))
                .addSubcommand(new Show(console))
                .addSubcommand(new ExplainJobCommand(console))
                .addSubcommand(new CancelJobCommand(console))
                .addSubcommand(new HeldJobCommand(console));
    }

    @Override
    public void run() {
        CommandLine.usage(this, console.out());
    }

    /** {@code muster jobs list}. */
    @Command(
            name = "list",
            mixinStandardHelpOptions = true,
            description = "Lists jobs, those to which something happened last first.")
    static final class ListSome implements Callable<Integer> {
        @Option(names = "--state", paramLabel = "STATE", description = "Such as running, dead or succeeded")
        private Optional<String> state = Optional.empty();

        @Option(names = "--queue", paramLabel = "QUEUE", description = "Of this queue only")
        private Optional<String> queue = Optional.empty();

        @Option(names = "--type", paramLabel = "TYPE", description = "Of this job type only")
        private Optional<String> type = Optional.empty();

        @Option(names = "--limit", paramLabel = "N", description = "At most so many, up to 1000; default: 50")
        private int limit = 50;

        @Option(names = "--json", description = "One JSON object a line")
        private boolean json;

        @Mixin
        private ClientOptions client = new ClientOptions();

        private final Console console;

        ListSome(Console console) {
            this.console = console;
        }

        @Override
        public Integer call() {
            JobReader.Filter filter = new JobReader.Filter(state.map(ListSome::parse), queue, type, limit);
            try (Database database = Database.open(client.settings(), "muster-cli", 1, Optional.empty())) {
                List<JobView> jobs = new JobReader(database).list(filter);
                if (json) {
                    jobs.forEach(job -> console.line(Json.MAPPER.writeValueAsString(JobPrinter.json(job))));
                } else {
                    JobPrinter.table(jobs).forEach(console::line);
                }
            }
            return 0;
        }

        private static JobState parse(String name) {
            try {
                return JobState.parse(name);
            } catch (IllegalArgumentException _) {
                throw CommandException.misused("there is no state " + name + "; there are "
                        + String.join(
                                ", ",
                                List.of(JobState.values()).stream()
                                        .map(JobState::wireName)
                                        .toList()));
            }
        }
    }

    /** {@code muster jobs show}. */
    @Command(name = "show", mixinStandardHelpOptions = true, description = "Shows a job and its earlier runs.")
    static final class Show implements Callable<Integer> {
        @Parameters(paramLabel = "ID", description = "The job's id, a UUID")
        private String id = "";

        @Option(names = "--json", description = "As a JSON object")
        private boolean json;

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
                JobReader jobs = new JobReader(database);
                JobView view = jobs.find(job)
                        .orElseThrow(() -> CommandException.failed("there is no job " + id
                                + jobs.refused(job)
                                        .map(record -> "; a record that names it was refused, and is kept as " + record)
                                        .orElse("; one that was just submitted shows once a worker has it")));
                if (json) {
                    console.line(Json.MAPPER.writeValueAsString(JobPrinter.json(view)));
                } else {
                    JobPrinter.page(view).forEach(console::line);
                }
            }
            return 0;
        }

        static JobId parse(String text) {
            try {
                return JobId.parse(text);
            } catch (IllegalArgumentException _) {
                throw CommandException.misused("not a job's id, which is a UUID: " + text);
            }
        }
    }
}
