package dev.muster.local;

import dev.muster.local.cli.MusterCommand;
import java.util.List;
import java.util.Set;

/** The {@code muster} command. */
public final class Main {
    /** Those that run for long and whose log is their only output. */
    private static final Set<String> DAEMONS = Set.of("coordinator", "worker", "sandbox");

    private Main() {}

    public static void main(String[] args) {
        if (args.length > 0 && DAEMONS.contains(args[0]) && System.getProperty("muster.log") == null) {
            // Read by logback.xml when the first logger is made.
            System.setProperty("muster.log", "INFO");
            System.setProperty("muster.log.kafka", "WARN");
        }
        if (List.of(args).contains("--debug")) {
            System.setProperty("muster.trace", "full");
        }
        System.exit(MusterCommand.run(args, Console.system()));
    }
}
