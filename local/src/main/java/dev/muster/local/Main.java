package dev.muster.local;

import dev.muster.config.ConfigException;
import dev.muster.config.Settings;
import dev.muster.coordinator.CoordinatorMain;
import dev.muster.local.cli.MusterCommand;
import dev.muster.worker.WorkerMain;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.ToIntFunction;

/** The {@code muster} command. */
public final class Main {
    /** Those that run for long and whose log is their only output. */
    private static final Set<String> DAEMONS = Set.of("coordinator", "worker", "sandbox");

    private Main() {}

    public static void main(String[] args) {
        List<String> words = List.of(args);
        Logging.Who who =
                !words.isEmpty() && DAEMONS.contains(words.getFirst()) ? Logging.Who.DAEMON : Logging.Who.COMMAND;
        Logging.prepare(who, words.contains("--debug"));
        System.exit(
                switch (String.join(" ", words)) {
                    case "worker" -> direct(WorkerMain::run);
                    case "coordinator" -> direct(CoordinatorMain::run);
                    default -> MusterCommand.run(args, Console.system());
                });
    }

    /** Their start is part of a recovery, so it is spared the parser of command lines: 0.15 s of processor time. */
    private static int direct(ToIntFunction<Settings> main) {
        try {
            return main.applyAsInt(Settings.load(Settings.file(System.getenv()), System.getenv(), Map.of()));
        } catch (ConfigException e) {
            Console.system().err().println("muster: " + e.getMessage());
            return CommandException.MISUSED;
        }
    }
}
