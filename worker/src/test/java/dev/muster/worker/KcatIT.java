package dev.muster.worker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.muster.embedded.junit.EmbeddedServers;
import dev.muster.embedded.junit.KafkaCluster;
import dev.muster.embedded.junit.PostgresDatabase;
import dev.muster.embedded.sandbox.SandboxServer;
import dev.muster.job.JobId;
import dev.muster.job.Ordering;
import dev.muster.protocol.Topics;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Any Kafka client can submit; kcat, which is not written in Java, stands for all of them. Skipped where it is missing. */
@ExtendWith(EmbeddedServers.class)
final class KcatIT {
    private static final String PAUSE = "{\"millis\":1,\"later\":1}";

    @BeforeEach
    void needsKcat() {
        String path = System.getenv().getOrDefault("PATH", "");
        assumeTrue(
                Arrays.stream(path.split(File.pathSeparator))
                        .anyMatch(folder -> Files.isExecutable(Path.of(folder, "kcat"))),
                "kcat is not installed");
    }

    @Test
    void both_modes_of_cloud_events_run_and_its_keys_come_where_java_puts_them(
            PostgresDatabase postgres, KafkaCluster kafka, SandboxServer sandbox) throws Exception {
        try (WorkerStack stack = new WorkerStack(postgres, kafka, sandbox)) {
            String queue = stack.queue(Ordering.KEY, 4);
            List<JobId> all = new ArrayList<>();
            for (int i = 0; i < 8; i++) {
                kcat(
                        stack,
                        queue,
                        "key-" + i,
                        PAUSE,
                        "ce_specversion=1.0",
                        "ce_type=test.pause",
                        "ce_source=kcat",
                        "ce_id=binary-" + i);
                all.add(JobId.of("kcat", "binary-" + i));
                kcat(
                        stack,
                        queue,
                        "key-" + i,
                        "{\"specversion\":\"1.0\",\"type\":\"test.pause\",\"source\":\"kcat\",\"id\":\"structured-" + i
                                + "\",\"data\":" + PAUSE + "}",
                        "content-type=application/cloudevents+json");
                all.add(JobId.of("kcat", "structured-" + i));
            }
            stack.worker();

            stack.awaitFinal(all);

            stack.assertSucceededOnce(all);
            assertThat(stack.count("SELECT count(DISTINCT partition) FROM job_history WHERE queue = '" + queue + "'"))
                    .as("the keys are spread")
                    .isGreaterThan(1);
        }
    }

    private static void kcat(WorkerStack stack, String queue, String key, String value, String... headers)
            throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(
                "kcat",
                "-P",
                "-b",
                stack.bootstrap(),
                "-t",
                Topics.jobs(queue),
                "-k",
                key,
                "-X",
                "partitioner=murmur2_random"));
        for (String header : headers) {
            command.addAll(List.of("-H", header));
        }
        Process kcat = new ProcessBuilder(command).redirectErrorStream(true).start();
        try (var in = kcat.getOutputStream()) {
            in.write(value.getBytes(StandardCharsets.UTF_8));
        }
        String said = new String(kcat.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(kcat.waitFor()).as(said).isZero();
    }
}
