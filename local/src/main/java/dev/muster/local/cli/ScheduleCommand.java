package dev.muster.local.cli;

import dev.muster.config.Setting;
import dev.muster.config.Settings;
import dev.muster.kafka.KafkaClients;
import dev.muster.local.CommandException;
import dev.muster.local.Console;
import dev.muster.local.submit.SubmissionLine;
import dev.muster.local.submit.Submitter;
import dev.muster.protocol.Json;
import dev.muster.protocol.ScheduledSubmission;
import dev.muster.protocol.Submission;
import dev.muster.schedule.Missed;
import dev.muster.schedule.Schedule;
import dev.muster.schedule.Timing;
import dev.muster.store.Database;
import dev.muster.store.QueueStore;
import dev.muster.store.ScheduleStore;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code muster schedule …}. */
@Command(
        name = "schedule",
        mixinStandardHelpOptions = true,
        description = "Makes jobs at given times, again and again.")
final class ScheduleCommand implements Runnable {
    private final Console console;

    private ScheduleCommand(Console console) {
        this.console = console;
    }

    static CommandLine line(Console console) {
        return new CommandLine(new ScheduleCommand(console))
                .addSubcommand(new Create(console))
                .addSubcommand(new ListAll(console))
                .addSubcommand(new Show(console))
                .addSubcommand("pause", new Change(console, Change.Kind.PAUSE))
                .addSubcommand("resume", new Change(console, Change.Kind.RESUME))
                .addSubcommand("delete", new Change(console, Change.Kind.DELETE))
                .addSubcommand(new RunNow(console));
    }

    @Override
    public void run() {
        CommandLine.usage(this, console.out());
    }

    /** {@code muster schedule create}. */
    @Command(name = "create", mixinStandardHelpOptions = true, description = "Makes a schedule.")
    static final class Create implements Callable<Integer> {
        @Parameters(paramLabel = "NAME", description = "Lower-case letters, digits, '.', '_' and '-'")
        private String name = "";

        @Option(
                names = "--cron",
                required = true,
                paramLabel = "EXPR",
                description = "Minute, hour, day of month, month, day of week, such as \"*/5 * * * *\"; or @daily")
        private String cron = "";

        @Option(names = "--zone", paramLabel = "ZONE", description = "Such as Europe/Berlin; default: UTC")
        private String zone = "UTC";

        @Option(names = "--queue", required = true, paramLabel = "QUEUE", description = "Where its jobs go")
        private String queue = "";

        @Option(names = "--type", required = true, paramLabel = "TYPE", description = "Their type")
        private String type = "";

        @Option(names = "--data", required = true, paramLabel = "JSON", description = "Their payload")
        private String data = "";

        @Option(names = "--key", paramLabel = "K", description = "In a keyed queue what their order goes by")
        private Optional<String> key = Optional.empty();

        @Option(
                names = "--missed",
                paramLabel = "skip|once|all",
                description = "What becomes of times at which it could not fire: nothing, one job for all of them, or "
                        + "one for each of the latest hundred; default: once")
        private String missed = "once";

        @Option(names = "--max-attempts", paramLabel = "N", description = "Instead of the handler's own limit")
        private Optional<Integer> maxAttempts = Optional.empty();

        @Option(
                names = "--deadline",
                paramLabel = "TIME",
                description = "A job that could not start so long after its time on the schedule expires, such as 10m")
        private Optional<String> deadline = Optional.empty();

        @Mixin
        private ClientOptions client = new ClientOptions();

        private final Console console;

        Create(Console console) {
            this.console = console;
        }

        @Override
        public Integer call() {
            Timing timing = new Timing(cron, zone, Missed.parse(missed)).checked();
            Schedule.Template job = new Schedule.Template(
                    queue,
                    type,
                    key,
                    SubmitCommand.payload(data),
                    new Schedule.Terms(maxAttempts, deadline.map(time -> Settings.parseDuration(time, "--deadline"))));
            Settings settings = client.settings();
            try (Database database = open(settings)) {
                ScheduleStore schedules = new ScheduleStore(database);
                if (new QueueStore(database).find(queue).isEmpty()) {
                    throw CommandException.failed("there is no queue " + queue + "; make it with: muster queue create "
                            + queue + " --ordering none");
                }
                Instant now = schedules.now();
                Instant first = timing.nextAfter(now);
                check(new Schedule(name, timing, job, new Schedule.Standing(first, false, now, now)), settings);
                if (!schedules.create(name, timing, job, first)) {
                    throw CommandException.failed("there is a schedule " + name
                            + " already; to change it, delete it first: muster schedule delete " + name);
                }
                SchedulePrinter.table(List.of(find(schedules, name))).forEach(console::line);
            }
            return 0;
        }

        /** By the same code as the worker judges a record, so that what is wrong shows here and not as a dead job. */
        private static void check(Schedule schedule, Settings settings) {
            Submission first =
                    ScheduledSubmission.at(schedule, schedule.standing().nextFireAt());
            int maxBytes = settings.integer(Setting.RECORD_MAX_BYTES, 1, Integer.MAX_VALUE);
            if (SubmissionLine.checked(first, maxBytes) instanceof SubmissionLine.Parsed.Bad(String problem)) {
                throw CommandException.misused(problem);
            }
        }
    }

    /** {@code muster schedule list}. */
    @Command(
            name = "list",
            mixinStandardHelpOptions = true,
            description = "Lists the schedules with their next three times, local to their zones.")
    static final class ListAll implements Callable<Integer> {
        private static final int MOST = 1_000;

        @Option(names = "--json", description = "One JSON object a line")
        private boolean json;

        @Mixin
        private ClientOptions client = new ClientOptions();

        private final Console console;

        ListAll(Console console) {
            this.console = console;
        }

        @Override
        public Integer call() {
            try (Database database = open(client.settings())) {
                List<Schedule> schedules = new ScheduleStore(database).list(MOST);
                if (json) {
                    schedules.forEach(s -> console.line(Json.MAPPER.writeValueAsString(SchedulePrinter.json(s))));
                } else {
                    SchedulePrinter.table(schedules).forEach(console::line);
                }
            }
            return 0;
        }
    }

    /** {@code muster schedule show}. */
    @Command(name = "show", mixinStandardHelpOptions = true, description = "Shows a schedule and its latest firings.")
    static final class Show implements Callable<Integer> {
        private static final int FIRINGS = 10;

        @Parameters(paramLabel = "NAME")
        private String name = "";

        @Mixin
        private ClientOptions client = new ClientOptions();

        private final Console console;

        Show(Console console) {
            this.console = console;
        }

        @Override
        public Integer call() {
            try (Database database = open(client.settings())) {
                ScheduleStore schedules = new ScheduleStore(database);
                SchedulePrinter.page(find(schedules, name), schedules.firings(name, FIRINGS))
                        .forEach(console::line);
            }
            return 0;
        }
    }

    /** {@code muster schedule pause}, {@code resume} and {@code delete}. */
    @Command(mixinStandardHelpOptions = true)
    static final class Change implements Callable<Integer> {
        /** What is done. */
        enum Kind {
            PAUSE("paused; what it misses, its policy decides when it goes on"),
            RESUME("goes on"),
            DELETE("deleted; the jobs that it made stay");

            private final String done;

            Kind(String done) {
                this.done = done;
            }
        }

        @Parameters(paramLabel = "NAME")
        private String name = "";

        @Mixin
        private ClientOptions client = new ClientOptions();

        private final Console console;
        private final Kind kind;

        Change(Console console, Kind kind) {
            this.console = console;
            this.kind = kind;
        }

        @Override
        public Integer call() {
            try (Database database = open(client.settings())) {
                ScheduleStore schedules = new ScheduleStore(database);
                boolean there = switch (kind) {
                    case PAUSE -> schedules.pause(name, true);
                    case RESUME -> schedules.pause(name, false);
                    case DELETE -> schedules.delete(name);
                };
                if (!there) {
                    throw missing(name);
                }
            }
            console.line("schedule " + name + ": " + kind.done);
            return 0;
        }
    }

    /** {@code muster schedule run-now}. */
    @Command(
            name = "run-now",
            mixinStandardHelpOptions = true,
            description = "Submits the schedule's job once, now, whatever its times are, and prints the job's id.")
    static final class RunNow implements Callable<Integer> {
        @Parameters(paramLabel = "NAME")
        private String name = "";

        @Mixin
        private ClientOptions client = new ClientOptions();

        private final Console console;

        RunNow(Console console) {
            this.console = console;
        }

        @Override
        public Integer call() {
            Settings settings = client.settings();
            Submission job;
            Schedule schedule;
            try (Database database = open(settings)) {
                ScheduleStore schedules = new ScheduleStore(database);
                schedule = find(schedules, name);
                job = ScheduledSubmission.byHand(schedule, UUID.randomUUID().toString(), schedules.now());
            }
            try (Submitter submitter =
                    Submitter.open(new KafkaClients(settings), schedule.job().queue())) {
                submitter.sendOne(job).ifPresent(why -> {
                    throw CommandException.failed("Kafka did not take the job: " + why);
                });
            }
            console.line(job.jobId().toString());
            return 0;
        }
    }

    private static Database open(Settings settings) {
        return Database.open(settings, "muster-cli", 1, Optional.empty());
    }

    private static Schedule find(ScheduleStore schedules, String name) {
        return schedules.find(name).orElseThrow(() -> missing(name));
    }

    private static CommandException missing(String name) {
        return CommandException.failed("there is no schedule " + name + "; see: muster schedule list");
    }
}
