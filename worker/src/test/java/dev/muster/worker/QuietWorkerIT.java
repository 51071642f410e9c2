package dev.muster.worker;

import static org.assertj.core.api.Assertions.assertThat;

import dev.muster.embedded.ChildProcess;
import dev.muster.embedded.junit.EmbeddedServers;
import dev.muster.embedded.junit.KafkaCluster;
import dev.muster.embedded.junit.PostgresDatabase;
import dev.muster.embedded.sandbox.SandboxServer;
import dev.muster.job.Ordering;
import java.time.Duration;
import java.util.Map;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** A worker that waits costs next to no processor time, whatever it waits for. */
@ExtendWith(EmbeddedServers.class)
final class QuietWorkerIT {
    private static final int SLOTS = 8;

    @Test
    void a_worker_without_queues_does_not_spin(PostgresDatabase postgres, KafkaCluster kafka, SandboxServer sandbox) {
        try (WorkerStack stack = new WorkerStack(postgres, kafka, sandbox)) {
            ChildProcess idle = stack.worker();
            stack.incarnationOf(idle);

            awaitQuiet(idle, Duration.ofMillis(300));
            assertThat(idle.alive()).isTrue();
        }
    }

    /** Kafka's client has to be kept from waiting: while partitions are paused its two threads wake one another. */
    @Test
    void a_worker_without_room_does_not_spin(PostgresDatabase postgres, KafkaCluster kafka, SandboxServer sandbox) {
        Map<String, String> settings = Map.of("muster.worker.slots", Integer.toString(SLOTS));
        try (WorkerStack stack = new WorkerStack(postgres, kafka, sandbox, settings)) {
            String queue = stack.queue(Ordering.NONE, 2);
            stack.submitPauses(queue, 400, 300_000);
            ChildProcess full = stack.worker();
            Awaitility.await()
                    .atMost(WorkerStack.PATIENCE)
                    .until(() ->
                            stack.count("SELECT count(*) FROM job_running WHERE queue = '" + queue + "'") == SLOTS);

            awaitQuiet(full, Duration.ofMillis(400));
            assertThat(full.alive()).isTrue();
        }
    }

    /** Until it has taken no more than this of two seconds; in the first ones it compiles. */
    private static void awaitQuiet(ChildProcess worker, Duration most) {
        Duration[] before = {cpu(worker)};
        Awaitility.await()
                .atMost(WorkerStack.PATIENCE)
                .pollDelay(Duration.ofSeconds(2))
                .pollInterval(Duration.ofSeconds(2))
                .until(() -> {
                    Duration now = cpu(worker);
                    Duration used = now.minus(before[0]);
                    before[0] = now;
                    return used.compareTo(most) < 0;
                });
    }

    private static Duration cpu(ChildProcess process) {
        return process.handle().info().totalCpuDuration().orElseThrow();
    }
}
