package dev.muster.local.cli;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.muster.config.Settings;
import dev.muster.local.CommandException;
import dev.muster.local.Console;
import dev.muster.store.Database;
import dev.muster.store.DeadLetterStore;
import dev.muster.store.RedriveOrder;
import dev.muster.store.RedriveReport;
import dev.muster.store.Redriver;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code muster dead redrive}. Shows what it would do, and does it when it is told --yes. */
@Command(
        name = "redrive",
        mixinStandardHelpOptions = true,
        description = {
            "Runs dead jobs again, under their ids and idempotency keys, in the order in which they once ran.",
            "Stopped halfway it can be repeated: nothing is redriven twice."
        })
final class RedriveCommand implements Callable<Integer> {
    private static final Pattern RATE = Pattern.compile("([0-9]{1,7})(?:/s)?");

    @Parameters(arity = "0..*", paramLabel = "ID", description = "The jobs; else all that the options name")
    private List<String> ids = new ArrayList<>();

    @Mixin
    private DeadCommand.Which which = new DeadCommand.Which();

    @Option(names = "--dry-run", description = "Only say what would become of them")
    private boolean dryRun;

    @Option(names = "--yes", description = "Do it")
    private boolean yes;

    @Option(names = "--rate", paramLabel = "N/s", description = "So many become due per second; default: 100/s")
    private String rate = RedriveOrder.DEFAULT_PER_SECOND + "/s";

    @Option(
            names = "--force",
            description = "Also those that were redriven too often, or whose deadline has passed (it is lifted then)")
    private boolean force;

    @Option(
            names = "--data",
            paramLabel = "JSON",
            description = "One job with this payload instead; its calls get new idempotency keys")
    private Optional<String> data = Optional.empty();

    @Option(
            names = "--nothing-happened",
            description = "With --data: you have looked, and the calls that were answered came to nothing")
    private boolean nothingHappened;

    @Mixin
    private ClientOptions client = new ClientOptions();

    private final Console console;

    RedriveCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() {
        if (dryRun && yes) {
            throw CommandException.misused("give either --dry-run or --yes");
        }
        Settings settings = client.settings();
        try (Database database = Database.open(settings, "muster-cli", 1, Optional.empty())) {
            RedriveOrder order = order(new DeadLetterStore(database));
            RedriveReport report = new Redriver(database, settings).run(order);
            DeadPrinter.report(report).forEach(console::line);
            if (!dryRun && !yes && report.redriven() > 0) {
                throw CommandException.failed("nothing was redriven; say --yes to do it");
            }
        }
        return 0;
    }

    private RedriveOrder order(DeadLetterStore letters) {
        return new RedriveOrder(
                which.filter(ids, letters.now()),
                !yes,
                perSecond(rate),
                force,
                "cli " + System.getProperty("user.name", "somebody"),
                data.map(json -> new RedriveOrder.Edit(json.getBytes(UTF_8), nothingHappened)));
    }

    private static int perSecond(String text) {
        Matcher matcher = RATE.matcher(text);
        if (!matcher.matches()) {
            throw CommandException.misused("--rate is no number of jobs per second such as 100/s: " + text);
        }
        return Integer.parseInt(matcher.group(1));
    }
}
