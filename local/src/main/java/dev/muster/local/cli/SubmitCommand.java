package dev.muster.local.cli;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.muster.config.Setting;
import dev.muster.config.Settings;
import dev.muster.job.JobId;
import dev.muster.kafka.KafkaClients;
import dev.muster.local.CommandException;
import dev.muster.local.Console;
import dev.muster.local.submit.BatchSubmission;
import dev.muster.local.submit.SubmissionLine;
import dev.muster.local.submit.Submitter;
import dev.muster.protocol.Json;
import dev.muster.protocol.Submission;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.function.BiConsumer;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import tools.jackson.core.JacksonException;

/** {@code muster submit}. */
@Command(
        name = "submit",
        mixinStandardHelpOptions = true,
        description = {
            "Submits one job, or one for each line of a file or of standard input.",
            "A line is a JSON object: id, source, type, key, data, runat, deadline, maxattempts, retrybase, retrycap,",
            "uniquekey, limitkey."
        })
final class SubmitCommand implements Callable<Integer> {
    @Parameters(index = "0", paramLabel = "QUEUE")
    private String queue = "";

    @Parameters(
            index = "1",
            arity = "0..1",
            paramLabel = "TYPE",
            description = "Job type, such as payment.charge; for lines that name none")
    private Optional<String> type = Optional.empty();

    @Option(names = "--data", paramLabel = "JSON", description = "The payload of one job")
    private Optional<String> data = Optional.empty();

    @Option(names = "--key", paramLabel = "K", description = "Its key; in a keyed queue what its order goes by")
    private Optional<String> key = Optional.empty();

    @Option(
            names = "--id",
            paramLabel = "ID",
            description = "With the source its identity: submitted twice it is one job; default: a new one")
    private Optional<String> id = Optional.empty();

    @Option(
            names = "--unique-key",
            paramLabel = "U",
            description = "While a job of the queue with this key is unfinished, this one is cancelled")
    private Optional<String> uniqueKey = Optional.empty();

    @Option(
            names = "--limit-key",
            paramLabel = "L",
            description = "No more jobs with this key run at once than its limit says; see muster limit")
    private Optional<String> limitKey = Optional.empty();

    @Option(names = "--source", paramLabel = "S", description = "Where it comes from; default: muster-cli")
    private String source = SubmissionLine.DEFAULT_SOURCE;

    @Option(
            names = "--file",
            paramLabel = "FILE",
            description = "A file of lines, checked as a whole before anything is sent; -: standard input")
    private Optional<String> file = Optional.empty();

    @Mixin
    private ClientOptions client = new ClientOptions();

    private final Console console;

    SubmitCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() {
        Settings settings = client.settings();
        if (file.isPresent() == data.isPresent()) {
            throw CommandException.misused("give either --data, for one job, or --file, for many");
        }
        if (file.isPresent() && (key.isPresent() || id.isPresent() || uniqueKey.isPresent() || limitKey.isPresent())) {
            throw CommandException.misused(
                    "--key, --id, --unique-key and --limit-key are for one job; in a file each line has its own");
        }
        int maxBytes = settings.integer(Setting.RECORD_MAX_BYTES, 1, Integer.MAX_VALUE);
        KafkaClients clients = new KafkaClients(settings);
        if (data.isPresent()) {
            return one(clients, data.get(), maxBytes);
        }
        SubmissionLine.Defaults defaults = new SubmissionLine.Defaults(source, type, maxBytes);
        return file.get().equals("-") ? stream(clients, defaults) : file(clients, defaults, Path.of(file.get()));
    }

    private int one(KafkaClients clients, String json, int maxBytes) {
        if (type.isEmpty()) {
            throw CommandException.misused("name the job's type: muster submit " + queue + " TYPE --data JSON");
        }
        Submission submission = new Submission(
                source, id.orElseGet(() -> UUID.randomUUID().toString()), type.get(), key, payload(json), extensions());
        if (SubmissionLine.checked(submission, maxBytes) instanceof SubmissionLine.Parsed.Bad(String problem)) {
            throw CommandException.misused(problem);
        }
        try (Submitter submitter = Submitter.open(clients, queue)) {
            submitter.sendOne(submission).ifPresent(why -> {
                throw CommandException.failed("Kafka did not take the job, send it again under the same --id "
                        + submission.id() + ": " + why);
            });
        }
        console.line(JobId.of(submission.source(), submission.id()).toString());
        return 0;
    }

    private Map<String, String> extensions() {
        Map<String, String> extensions = new HashMap<>();
        uniqueKey.ifPresent(unique -> extensions.put("musteruniquekey", unique));
        limitKey.ifPresent(limit -> extensions.put("musterlimitkey", limit));
        return extensions;
    }

    /** A file is read twice: what is wrong in its last line must be known before the first one is sent. */
    private int file(KafkaClients clients, SubmissionLine.Defaults defaults, Path path) {
        BatchSubmission check = new BatchSubmission(defaults);
        read(path, check, (_, _) -> {});
        if (!check.isClean()) {
            complain(check);
            throw CommandException.failed("nothing was sent; correct these lines of " + path + " and try again");
        }
        BatchSubmission batch = new BatchSubmission(defaults);
        try (Submitter submitter = Submitter.open(clients, queue)) {
            read(path, batch, batch.sending(submitter));
            submitter.flush();
        }
        return report(batch);
    }

    /** A stream has no second reading: good lines are sent, bad ones named, and the exit code tells. */
    private int stream(KafkaClients clients, SubmissionLine.Defaults defaults) {
        BatchSubmission batch = new BatchSubmission(defaults);
        try (Submitter submitter = Submitter.open(clients, queue)) {
            batch.read(new BufferedReader(new InputStreamReader(System.in, UTF_8)), batch.sending(submitter));
            submitter.flush();
        }
        return report(batch);
    }

    private int report(BatchSubmission batch) {
        complain(batch);
        console.line(batch.acknowledged() + " jobs submitted to " + queue);
        if (!batch.isClean()) {
            throw CommandException.failed("the lines named above were not submitted, all others were");
        }
        return 0;
    }

    private void complain(BatchSubmission batch) {
        batch.problems().forEach(problem -> console.err().println(problem));
    }

    private static void read(Path path, BatchSubmission batch, BiConsumer<Long, Submission> to) {
        try (BufferedReader lines = Files.newBufferedReader(path, UTF_8)) {
            batch.read(lines, to);
        } catch (NoSuchFileException _) {
            throw CommandException.misused("there is no file " + path);
        } catch (IOException | UncheckedIOException e) {
            throw CommandException.failed("can't read " + path + ": " + e.getMessage());
        }
    }

    /** The JSON of {@code --data}, in its shortest form. */
    static byte[] payload(String json) {
        try {
            return Json.MAPPER.writeValueAsBytes(Json.MAPPER.readTree(json));
        } catch (JacksonException e) {
            throw CommandException.misused("--data is no JSON: " + e.getOriginalMessage());
        }
    }
}
