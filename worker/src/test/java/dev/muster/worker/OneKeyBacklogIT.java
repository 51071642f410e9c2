package dev.muster.worker;

import static org.assertj.core.api.Assertions.assertThat;

import dev.muster.embedded.ChildProcess;
import dev.muster.embedded.junit.EmbeddedServers;
import dev.muster.embedded.junit.KafkaCluster;
import dev.muster.embedded.junit.PostgresDatabase;
import dev.muster.embedded.sandbox.SandboxServer;
import dev.muster.fleet.Incarnation;
import dev.muster.job.JobId;
import dev.muster.job.Ordering;
import dev.muster.protocol.Submission;
import dev.muster.time.Ticker;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * Many jobs behind one key, whose head takes its time: they wait in the table, and a worker's memory does not grow with
 * them. {@code -Dmuster.test.backlog=200000} for a measurement.
 */
@ExtendWith(EmbeddedServers.class)
final class OneKeyBacklogIT {
    private static final int JOBS = Integer.getInteger("muster.test.backlog", 20_000);
    private static final Pattern TOTAL = Pattern.compile("Total\\s+\\d+\\s+(\\d+)");

    @Test
    void a_workers_heap_does_not_grow_with_what_waits_behind_a_key(
            PostgresDatabase postgres, KafkaCluster kafka, SandboxServer sandbox) {
        try (WorkerStack stack = new WorkerStack(postgres, kafka, sandbox)) {
            String queue = stack.queue(Ordering.KEY, 1);
            ChildProcess worker = stack.worker();
            Incarnation me = stack.awaitOwner(worker, queue, 1);
            stack.submit(queue, "test.pause", "k", "{\"millis\":3600000,\"later\":3600000}");
            Awaitility.await()
                    .atMost(WorkerStack.PATIENCE)
                    .until(() -> stack.count("SELECT count(*) FROM job_running WHERE queue = '" + queue + "'") == 1);
            long before = afterCollection(worker);

            byte[] payload = ("{\"millis\":1,\"later\":1,\"filler\":\"" + "x".repeat(500) + "\"}")
                    .getBytes(StandardCharsets.UTF_8);
            stack.sendAll(IntStream.range(0, JOBS)
                    .mapToObj(i -> new Submission(
                                    "backlog", queue + "-" + i, "test.pause", Optional.of("k"), payload, Map.of())
                            .toRecord(queue)));
            Awaitility.await()
                    .atMost(Duration.ofSeconds(60 + JOBS / 500))
                    .until(() -> stack.count("SELECT count(*) FROM job_waiting WHERE queue = '" + queue + "'") >= JOBS);
            Ticker ticker = Ticker.system();
            long started = ticker.nanos();
            JobId other = stack.submit(queue, "test.pause", "other", "{\"millis\":1,\"later\":1}");
            stack.awaitFinal(List.of(other));
            long another = Duration.ofNanos(ticker.nanos() - started).toMillis();

            long after = afterCollection(worker);
            System.out.printf(
                    "%,d jobs behind one key: heap %,d KB before, %,d KB after; a job of another key took %,d ms; %s%n",
                    JOBS, before / 1024, after / 1024, another, me);
            assertThat(after - before)
                    .as("growth of the heap in bytes, with %s jobs of 500 bytes behind one key", JOBS)
                    .isLessThan(8L << 20);
        }
    }

    /** What the worker's heap holds after a full collection, which the histogram of live objects makes. */
    private static long afterCollection(ChildProcess worker) {
        try {
            Process jcmd = new ProcessBuilder(
                            Path.of(System.getProperty("java.home"), "bin", "jcmd")
                                    .toString(),
                            Long.toString(worker.pid()),
                            "GC.class_histogram")
                    .redirectErrorStream(true)
                    .start();
            String said = new String(jcmd.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            Matcher total = TOTAL.matcher(said);
            assertThat(total.find()).as("jcmd said %s", said).isTrue();
            return Long.parseLong(total.group(1));
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }
}
