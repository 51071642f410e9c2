package dev.muster.local.cli;

import dev.muster.job.JobId;
import dev.muster.local.CommandException;
import dev.muster.local.Console;
import dev.muster.store.Database;
import dev.muster.store.QuarantineStore;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code muster jobs held}. */
@Command(
        name = "held",
        mixinStandardHelpOptions = true,
        description = {
            "Decides about a job that killed its workers and is held since a call of it has no answer.",
            "Without --answered it runs once more, alone in quarantine, under the same idempotency keys. With it the call",
            "counts as answered, and the job is dead."
        })
final class HeldJobCommand implements Callable<Integer> {
    @Parameters(paramLabel = "ID", description = "The job's id, a UUID")
    private String id = "";

    @Option(
            names = "--answered",
            paramLabel = "WHAT",
            description = "What came of its call, as the provider's books say; kept in the job's history")
    private Optional<String> answered = Optional.empty();

    @Option(names = "--by", paramLabel = "WHO", description = "Who decides; default: the user of this shell")
    private String by = System.getProperty("user.name", "somebody");

    @Mixin
    private ClientOptions client = new ClientOptions();

    private final Console console;

    HeldJobCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() {
        JobId job = JobsCommand.Show.parse(id);
        QuarantineStore.HeldVerdict verdict;
        try (Database database = Database.open(client.settings(), "muster-cli", 1, Optional.empty())) {
            verdict = new QuarantineStore(database).decide(job, by, answered);
        }
        console.line(job + ": "
                + switch (verdict) {
                    case RELEASED -> "runs once more, alone in quarantine";
                    case BURIED -> "dead; muster dead shows it";
                    case NOT_HELD -> throw CommandException.failed("job " + job + " is not held");
                });
        return 0;
    }
}
