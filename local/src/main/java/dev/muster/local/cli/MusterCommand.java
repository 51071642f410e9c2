package dev.muster.local.cli;

import dev.muster.config.ConfigException;
import dev.muster.local.CommandException;
import dev.muster.local.Console;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** The root of the command line. Says what went wrong in one line; with {@code --debug} the stack trace follows. */
@Command(
        name = "muster",
        mixinStandardHelpOptions = true,
        version = "muster 0.1.0",
        description = "Runs jobs on Kafka and Postgres, and keeps their workers alive.",
        synopsisSubcommandLabel = "COMMAND",
        usageHelpAutoWidth = true)
public final class MusterCommand implements Runnable {
    @Option(
            names = "--debug",
            scope = CommandLine.ScopeType.INHERIT,
            description = "With an error, print where it came from")
    private boolean debug;

    private static final Logger LOG = LoggerFactory.getLogger(MusterCommand.class);

    private final Console console;

    private MusterCommand(Console console) {
        this.console = console;
    }

    /**
     * Runs a command line.
     *
     * @return the exit code: 0 done, 1 failed, 2 asked for wrongly
     */
    public static int run(String[] args, Console console) {
        MusterCommand root = new MusterCommand(console);
        CommandLine line = new CommandLine(root)
                .addSubcommand(new UpCommand(console))
                .addSubcommand(new DemoCommand(console))
                .addSubcommand(new DrillCommand(console))
                .addSubcommand(new SubmitCommand(console))
                .addSubcommand(JobsCommand.line(console))
                .addSubcommand(DeadCommand.line(console))
                .addSubcommand(QueueCommand.line(console))
                .addSubcommand(LimitCommand.line(console))
                .addSubcommand(ScheduleCommand.line(console))
                .addSubcommand(FleetCommand.line(console))
                .addSubcommand(new MigrateCommand(console))
                .addSubcommand(new CoordinatorCommand())
                .addSubcommand(new WorkerCommand())
                .addSubcommand(new SandboxCommand())
                .addSubcommand(new TrainCommand());
        line.setOut(new PrintWriter(console.out(), true, StandardCharsets.UTF_8));
        line.setErr(new PrintWriter(console.err(), true, StandardCharsets.UTF_8));
        line.setCaseInsensitiveEnumValuesAllowed(true);
        line.setExecutionExceptionHandler((e, _, _) -> root.failed(e));
        return line.execute(args);
    }

    @Override
    public void run() {
        CommandLine.usage(this, console.out());
    }

    private int failed(Exception e) {
        console.err().println("muster: " + OneLine.of(e));
        if (debug) {
            LOG.atError().setCause(e).log("Failed");
        }
        return switch (e) {
            case CommandException command -> command.exitCode();
            case ConfigException _, IllegalArgumentException _ -> CommandException.MISUSED;
            default -> CommandException.FAILED;
        };
    }
}
