package dev.muster.local.cli;

import dev.muster.config.Settings;
import dev.muster.job.JobId;
import dev.muster.kafka.KafkaClients;
import dev.muster.local.CommandException;
import dev.muster.local.Console;
import dev.muster.protocol.Command;
import dev.muster.protocol.CommandCodec;
import dev.muster.store.Cancellation;
import dev.muster.store.CancellationStore;
import dev.muster.store.Database;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.apache.kafka.clients.producer.Producer;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code muster jobs cancel}. */
@picocli.CommandLine.Command(
        name = "cancel",
        mixinStandardHelpOptions = true,
        description = {
            "Cancels a job: one that waits at once, one that runs as soon as its handler sees it.",
            "A handler that succeeds all the same has succeeded."
        })
final class CancelJobCommand implements Callable<Integer> {
    private static final Duration QUICK = Duration.ofSeconds(2);

    @Parameters(paramLabel = "ID", description = "The job's id, a UUID")
    private String id = "";

    @Option(names = "--reason", paramLabel = "WHY", description = "Kept in the job's history")
    private Optional<String> reason = Optional.empty();

    @Option(names = "--by", paramLabel = "WHO", description = "Who wishes it; default: the user of this shell")
    private String by = System.getProperty("user.name", "somebody");

    @Mixin
    private ClientOptions client = new ClientOptions();

    private final Console console;

    CancelJobCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() {
        JobId job = JobsCommand.Show.parse(id);
        Settings settings = client.settings();
        Cancellation verdict;
        try (Database database = Database.open(settings, "muster-cli", 1, Optional.empty())) {
            verdict = new CancellationStore(database).cancel(job, by, reason);
        }
        if (verdict == Cancellation.FINAL) {
            throw CommandException.failed("job " + job + ": " + verdict.summary());
        }
        if (verdict == Cancellation.RUNNING) {
            announce(settings, job);
        }
        console.line(job + ": " + (verdict == Cancellation.CANCELLED ? "cancelled" : verdict.summary()));
        return 0;
    }

    /** Makes it quick; without it the job's worker looks within a second. So nobody waits for Kafka, or hears of its trouble. */
    private static void announce(Settings settings, JobId job) {
        Producer<byte[], byte[]> producer = new KafkaClients(settings).heartbeats("muster-cli");
        try {
            var _ = producer.send(CommandCodec.record(new Command.Cancel(job)), (_, _) -> {});
        } finally {
            producer.close(QUICK);
        }
    }
}
