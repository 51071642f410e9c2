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
import dev.muster.time.Ticker;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.ToLongFunction;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;

/**
 * How long a worker's start takes, on a stack of its own with nothing else to do: from the start of its process until
 * its first heartbeat is read from Kafka, until it says that it has started, and until a heartbeat says that it is a
 * member of its group. One worker after the other; each drains before the next starts. All times are of one monotonic
 * clock, the measuring process's; the processor time beside them tells what a machine with nothing else to do would need.
 */
public final class WorkerStart {
    private static final int ROUNDS = 10;
    private static final Duration POLL = Duration.ofMillis(5);
    private static final Duration LIMIT = Duration.ofSeconds(60);

    private final LocalStack stack;
    private final Path folder;
    private final Consumer<byte[], byte[]> heartbeats;
    private final Ticker ticker = Ticker.system();

    private WorkerStart(LocalStack stack, Path folder, Consumer<byte[], byte[]> heartbeats) {
        this.stack = stack;
        this.folder = folder;
        this.heartbeats = heartbeats;
    }

    /** One start; each in nanoseconds since the wish to start the process, and the processor time until the heartbeat. */
    private record Start(long heartbeat, long started, long member, long processor) {}

    /** Takes how many starts to measure; default: 10. */
    public static void main(String[] args) throws Exception {
        int rounds = args.length > 0 ? Integer.parseInt(args[0]) : ROUNDS;
        Console console = Console.system();
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
        report(console, "processor time to first heartbeat", starts, Start::processor);
    }

    private Start measure(String worker) throws IOException, InterruptedException {
        ProcessBuilder builder =
                new ProcessBuilder(MusterProcess.worker(folder.resolve("tmp"))).redirectErrorStream(true);
        builder.environment().putAll(stack.settings().asEnvironment());
        builder.environment().put(Setting.WORKER_NAME.environmentName(), worker);
        long begun = ticker.nanos();
        Process process = builder.start();
        try {
            CompletableFuture<Long> started = new CompletableFuture<>();
            Thread.ofVirtual().start(() -> read(process, started));
            long heartbeat = await(process, Heartbeat.Phase.STARTING);
            long processor = process.info().totalCpuDuration().orElseThrow().toNanos();
            long member = await(process, Heartbeat.Phase.RUNNING);
            return new Start(heartbeat - begun, started.join() - begun, member - begun, processor);
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
