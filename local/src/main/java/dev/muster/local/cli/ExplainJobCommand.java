package dev.muster.local.cli;

import dev.muster.config.Settings;
import dev.muster.coordinator.http.JobExplanations;
import dev.muster.explain.Explanation;
import dev.muster.job.JobId;
import dev.muster.kafka.Backlog;
import dev.muster.kafka.KafkaClients;
import dev.muster.local.CommandException;
import dev.muster.local.Console;
import dev.muster.protocol.Json;
import dev.muster.store.Database;
import dev.muster.time.Ticker;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.apache.kafka.common.KafkaException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code muster jobs explain}. */
@Command(
        name = "explain",
        mixinStandardHelpOptions = true,
        description =
                "Says why a job isn't running now, or where it runs. One that is still in Kafka is looked for there.")
final class ExplainJobCommand implements Callable<Integer> {
    @Parameters(paramLabel = "ID", description = "The job's id, a UUID")
    private String id = "";

    @Option(names = "--search", paramLabel = "S", description = "How long Kafka is searched, seconds; default: 30")
    private int search = 30;

    @Option(names = "--json", description = "As a JSON object")
    private boolean json;

    @Mixin
    private ClientOptions client = new ClientOptions();

    private final Console console;

    ExplainJobCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() {
        if (search < 1) {
            throw CommandException.misused("--search is at least 1 second: " + search);
        }
        JobId job = JobsCommand.Show.parse(id);
        Settings settings = client.settings();
        try (Database database = Database.open(settings, "muster-cli", 1, Optional.empty())) {
            Backlog backlog = new Backlog(new KafkaClients(settings), Ticker.system());
            print(new JobExplanations(database, backlog, Duration.ofSeconds(search)).explain(job));
            return 0;
        } catch (KafkaException e) {
            throw CommandException.failed(
                    "nobody has claimed job " + id + ", and Kafka can't be searched for it: " + e.getMessage());
        }
    }

    private void print(Explanation explanation) {
        if (json) {
            console.line(Json.MAPPER.writeValueAsString(Map.of(
                    "id",
                    id,
                    "why",
                    explanation.why().wireName(),
                    "summary",
                    explanation.summary(),
                    "further",
                    explanation.further())));
            return;
        }
        console.line(explanation.summary());
        explanation.further().forEach(line -> console.line("also: " + line));
    }
}
