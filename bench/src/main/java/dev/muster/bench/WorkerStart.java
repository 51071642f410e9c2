package dev.muster.bench;

import dev.muster.config.Setting;
import dev.muster.config.Settings;
import dev.muster.embedded.FileTree;
import dev.muster.fleet.Heartbeat;
import dev.muster.kafka.KafkaClients;
import dev.muster.local.Console;
import dev.muster.local.MusterProcess;
import dev.muster.local.stack.LocalStack;
import dev.muster.local.stack.StackConfig;
import dev.muster.protocol.HeartbeatCodec;
import dev.muster.protocol.Topics;
import dev.muster.store.AuditReader;
import dev.muster.time.Ticker;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.ToLongFunction;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;

/**
 * How long a worker's start takes, on a stack of its own with nothing else to do: from the start of its process until
 * its first heartbeat is read from Kafka, until it says that it has started, until a heartbeat says that it is a member
 * of its group, and until the handler of a payment that waited for it is entered. One worker after the other; each drains
 * before the next starts. Times are of the measuring process's monotonic clock, but for the handler's, which the worker
 * notes by the machine's; the processor time beside them tells what a machine with nothing else to do would need.
 */
final class WorkerStart {
    private static final Duration POLL = Duration.ofMillis(5);
    private static final Duration LIMIT = Duration.ofSeconds(60);

    private final LocalStack stack;
    private final Path folder;
    private final Consumer<byte[], byte[]> heartbeats;
    private final AuditReader finished;
    private final Ticker ticker = Ticker.system();

    private WorkerStart(LocalStack stack, Path folder, Consumer<byte[], byte[]> heartbeats) {
        this.stack = stack;
        this.folder = folder;
        this.heartbeats = heartbeats;
        this.finished = new AuditReader(stack.database());
    }

    /** One start; each in nanoseconds since the wish to start the process, and the processor time until the heartbeat. */
    private record Start(long heartbeat, long started, long member, long firstJob, long processor) {}

    /** Measures so many starts and says what they took. */
    static void run(Console console, int rounds) throws Exception {
        Path folder = Files.createTempDirectory("muster-bench-");
        StackConfig config = new StackConfig(
                folder,
                Settings.of(Map.of(Setting.COORDINATOR_PORT.key(), "0")),
                0,
                StackConfig.defaultQueues(),
                StackConfig.Ports.ANY);
        List<Start> starts = new ArrayList<>();
        try (LocalStack stack = LocalStack.start(config, _ -> {});
                Consumer<byte[], byte[]> heartbeats = reader(stack.settings())) {
            WorkerStart bench = new WorkerStart(stack, folder, heartbeats);
            for (int round = 1; round <= rounds; round++) {
                starts.add(bench.measure("bench-" + round));
            }
        } finally {
            FileTree.delete(folder);
        }
        console.line("ms after the start of the process    min  median     max");
        report(console, "first heartbeat read from Kafka", starts, Start::heartbeat);
        report(console, "\"Started\" in its log", starts, Start::started);
        report(console, "first heartbeat as a member", starts, Start::member);
        report(console, "handler of its first job entered", starts, Start::firstJob);
        report(console, "processor time to first heartbeat", starts, Start::processor);
    }

    private Start measure(String worker) throws IOException, InterruptedException {
        ProcessBuilder builder =
                new ProcessBuilder(MusterProcess.worker(folder.resolve("tmp"))).redirectErrorStream(true);
        builder.environment().putAll(stack.settings().asEnvironment());
        builder.environment().put(Setting.WORKER_NAME.environmentName(), worker);
        new Load(Workload.PAYMENTS, worker).preload(stack.settings(), StackConfig.PAYMENTS, 1);
        Instant wished = ticker.now();
        long begun = ticker.nanos();
        Process process = builder.start();
        try {
            CompletableFuture<Long> started = new CompletableFuture<>();
            Thread.ofVirtual().start(() -> read(process, started));
            long heartbeat = await(process, Heartbeat.Phase.STARTING);
            long processor = process.info().totalCpuDuration().orElseThrow().toNanos();
            long member = await(process, Heartbeat.Phase.RUNNING);
            Duration firstJob = Duration.between(wished, firstJobEntered(wished));
            return new Start(heartbeat - begun, started.join() - begun, member - begun, firstJob.toNanos(), processor);
        } finally {
            process.destroy();
            process.waitFor();
        }
    }

    /** Reads heartbeats until the process has sent one of this phase or a later one. */
    private long await(Process process, Heartbeat.Phase phase) {
        long begun = ticker.nanos();
        while (ticker.nanos() - begun < LIMIT.toNanos() && process.isAlive()) {
            for (ConsumerRecord<byte[], byte[]> record : heartbeats.poll(POLL)) {
                Heartbeat beat = HeartbeatCodec.decode(record.value()).orElseThrow();
                if (beat.pid() == process.pid() && beat.phase().compareTo(phase) >= 0) {
                    return ticker.nanos();
                }
            }
        }
        throw new IllegalStateException("process " + process.pid() + " sent no heartbeat in " + phase);
    }

    /** When the handler was entered of the job that was started after this moment. */
    private Instant firstJobEntered(Instant after) throws InterruptedException {
        long begun = ticker.nanos();
        while (ticker.nanos() - begun < LIMIT.toNanos()) {
            Optional<Instant> entered = finished.finals().stream()
                    .flatMap(job -> job.entered().stream())
                    .filter(moment -> moment.isAfter(after))
                    .findFirst();
            if (entered.isPresent()) {
                return entered.get();
            }
            Pause.millis(POLL.toMillis());
        }
        throw new IllegalStateException("the first job was not run within " + LIMIT);
    }

    /** Reads its log to the end, so that it never waits for a full pipe. */
    private void read(Process process, CompletableFuture<Long> started) {
        try (BufferedReader lines = process.inputReader()) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                if (line.contains(" Worker Started")) {
                    started.complete(ticker.nanos());
                }
            }
            started.completeExceptionally(new IllegalStateException("it ended without having started"));
        } catch (IOException e) {
            started.completeExceptionally(e);
        }
    }

    /** Reads what comes from now on. */
    static Consumer<byte[], byte[]> reader(Settings settings) {
        Consumer<byte[], byte[]> reader = new KafkaClients(settings).reader("muster-bench", POLL);
        reader.assign(reader.partitionsFor(Topics.HEARTBEATS).stream()
                .map(info -> new TopicPartition(info.topic(), info.partition()))
                .toList());
        reader.seekToEnd(reader.assignment());
        reader.assignment().forEach(reader::position); // the seek is lazy, and would pass over the first heartbeat
        return reader;
    }

    private static void report(Console console, String what, List<Start> starts, ToLongFunction<Start> part) {
        List<Long> millis = starts.stream()
                .map(start -> part.applyAsLong(start) / 1_000_000)
                .sorted()
                .toList();
        console.line(String.format(
                Locale.ROOT,
                "%-35s %5d   %5d   %5d",
                what,
                millis.getFirst(),
                millis.get(millis.size() / 2),
                millis.getLast()));
    }
}
