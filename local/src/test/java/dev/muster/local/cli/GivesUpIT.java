package dev.muster.local.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.muster.embedded.Processes;
import dev.muster.local.CommandException;
import dev.muster.local.Console;
import dev.muster.local.stack.StackProperties;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code muster up} and {@code muster demo} with a server that can't come back. */
class GivesUpIT {
    private static final Duration LIMIT = Duration.ofMinutes(2);
    private static final Duration SECONDS = Duration.ofSeconds(90);

    /** Twice a minute of failing starts, and the last of each. */
    private static final Duration SLOWLY = Duration.ofMinutes(6);

    @TempDir
    private Path folder = Path.of("");

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();

    @Test
    void a_postgres_whose_control_file_is_spoiled_ends_everything_with_one_message_that_says_what_to_do() {
        CompletableFuture<Integer> up = run("up", "--folder", folder.toString(), "--workers", "1", "--port", "0");
        Map<String, ProcessHandle> processes = awaitUp(up, folder);
        List<ProcessHandle> workers = awaitWorker();

        spoil(folder.resolve("postgres/global/pg_control"));
        kill(processes, "postgres");

        assertThat(up).succeedsWithin(SECONDS).isEqualTo(CommandException.FAILED);
        assertThat(text(err))
                .startsWith("muster: postgres can't be kept running: more than 10 restarts within 60 s")
                .contains(
                        "database files are incompatible with server",
                        "damaged files: restore or remove",
                        folder.resolve("postgres.log").toString())
                .containsOnlyOnce("muster: ");
        assertThat(text(out).lines())
                .containsSubsequence(
                        "postgres does not start (its log: " + folder.resolve("postgres.log") + ")",
                        "too many restarts because of postgres: its supervisor stack/servers gives up and stops what it"
                                + " has started",
                        "too many restarts because of servers: its supervisor stack gives up and stops what it has"
                                + " started");
        assertThat(Processes.awaitEnd(processes.values(), Duration.ZERO)).isTrue();
        assertThat(Processes.awaitEnd(workers, Duration.ZERO)).isTrue();
        assertThat(StackProperties.read(folder)).isEmpty();
    }

    /** Its broker is a JVM: a start takes seconds to fail, and on a busy machine so many that no intensity bounds them. */
    @Test
    void a_kafka_whose_data_folder_is_spoiled_ends_everything_with_one_message_that_says_what_to_do() {
        CompletableFuture<Integer> up = run("up", "--folder", folder.toString(), "--workers", "1", "--port", "0");
        Map<String, ProcessHandle> processes = awaitUp(up, folder);
        List<ProcessHandle> workers = awaitWorker();

        spoil(folder.resolve("kafka/logs/meta.properties"));
        kill(processes, "kafka");

        assertThat(up).succeedsWithin(SLOWLY).isEqualTo(CommandException.FAILED);
        assertThat(text(err))
                .startsWith("muster: kafka can't be kept running: more than 10 restarts within 60 s")
                .contains(
                        "node ID not found in " + folder.resolve("kafka/logs"),
                        "damaged files: restore or remove",
                        folder.resolve("kafka/kafka.log").toString())
                .containsOnlyOnce("muster: ");
        assertThat(text(out).lines())
                .containsSubsequence(
                        "kafka does not start (its log: " + folder.resolve("kafka/kafka.log") + ")",
                        "too many restarts because of kafka: its supervisor stack/servers gives up and stops what it"
                                + " has started",
                        "too many restarts because of servers: its supervisor stack gives up and stops what it has"
                                + " started");
        assertThat(Processes.awaitEnd(processes.values(), Duration.ZERO)).isTrue();
        assertThat(Processes.awaitEnd(workers, Duration.ZERO)).isTrue();
        assertThat(StackProperties.read(folder)).isEmpty();
    }

    /** Its sends wait for Kafka just then, which is gone for good. */
    @Test
    void a_demo_ends_with_the_stack_that_it_runs_on() {
        CompletableFuture<Integer> demo =
                run("demo", "--jobs", "20000", "--workers", "1", "--kill-every", "1h", "--rate", "100");
        await("submits").atMost(LIMIT).until(() -> demo.isDone() || text(out).contains("submitting 20,000"));
        Path its = Path.of(text(out).lines().findFirst().orElseThrow().replaceFirst(".* in ", ""));
        Map<String, ProcessHandle> processes = awaitUp(demo, its);

        spoil(its.resolve("postgres/global/pg_control"));
        kill(processes, "postgres");

        assertThat(demo).succeedsWithin(SECONDS).isEqualTo(CommandException.FAILED);
        assertThat(text(err))
                .startsWith("muster: postgres can't be kept running")
                .containsOnlyOnce("muster: ");
        assertThat(its).doesNotExist();
    }

    private CompletableFuture<Integer> run(String... line) {
        Console console = new Console(new PrintStream(out, true, UTF_8), new PrintStream(err, true, UTF_8), false);
        return CompletableFuture.supplyAsync(
                () -> MusterCommand.run(line, console),
                command -> Thread.ofPlatform().name("command").start(command));
    }

    /** The servers' processes, by name. */
    private Map<String, ProcessHandle> awaitUp(CompletableFuture<Integer> up, Path folder) {
        await("is up")
                .atMost(LIMIT)
                .until(() -> up.isDone() || StackProperties.read(folder).isPresent());
        assertThat(up).as(text(err)).isNotDone();
        StackProperties properties = StackProperties.read(folder).orElseThrow();
        return Stream.of("postgres", "kafka", "sandbox", "coordinator")
                .collect(java.util.stream.Collectors.toMap(
                        UnaryOperator.identity(),
                        name -> ProcessHandle.of(Long.parseLong(
                                        properties.get("stack.pid." + name).orElseThrow()))
                                .orElseThrow()));
    }

    private List<ProcessHandle> awaitWorker() {
        return await("a worker runs")
                .atMost(LIMIT)
                .until(
                        () -> Processes.withEnvironment(
                                "MUSTER_WORKER_RUN_FOLDER",
                                folder.resolve("workers").toString()),
                        found -> !found.isEmpty());
    }

    private static void kill(Map<String, ProcessHandle> processes, String name) {
        assertThat(Objects.requireNonNull(processes.get(name), name).destroyForcibly())
                .isTrue();
    }

    private static void spoil(Path file) {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            channel.write(ByteBuffer.wrap("spoiled".repeat(100).getBytes(UTF_8)), 0);
        } catch (IOException e) {
            throw new java.io.UncheckedIOException("can't spoil " + file, e);
        }
    }

    private static String text(ByteArrayOutputStream bytes) {
        return bytes.toString(UTF_8);
    }
}
