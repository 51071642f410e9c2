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
import dev.muster.kafka.TopicAdmin;
import dev.muster.protocol.Submission;
import dev.muster.store.GrowthStore;
import dev.muster.store.GrowthStore.Phase;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.internals.BuiltInPartitioner;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** A keyed queue gets more partitions while jobs come in, producers don't know it yet, and a worker dies. */
@ExtendWith(EmbeddedServers.class)
final class GrowQueueIT {
    private static final int KEYS = 24;
    private static final int BEFORE = 2;
    private static final int AFTER = 4;

    @Test
    void keys_keep_their_order_while_their_queue_grows_and_a_worker_dies(
            PostgresDatabase postgres, KafkaCluster kafka, SandboxServer sandbox) {
        try (WorkerStack stack = new WorkerStack(postgres, kafka, sandbox)) {
            String queue = stack.queue(Ordering.KEY, BEFORE);
            TopicAdmin topics = new TopicAdmin(stack.admin(), stack.settings());
            GrowthStore growth = new GrowthStore(stack.database());
            ChildProcess victim = stack.worker();
            stack.worker();
            Incarnation dead = stack.awaitOwner(victim, queue, 1);
            Map<String, List<JobId>> inOrder = new LinkedHashMap<>();
            List<JobId> all = new ArrayList<>();
            send(stack, queue, 5, BEFORE, inOrder, all);

            growth.announce(queue, AFTER);
            topics.growQueueTopic(queue, AFTER);
            growth.made(queue);
            send(stack, queue, 5, BEFORE, inOrder, all); // by producers that have not heard of it
            send(stack, queue, 5, AFTER, inOrder, all);
            assertThat(growth.goOn(queue)).isEqualTo(Phase.SETTLING);

            assertThat(growth.noteSwitch(queue, topics.ends(queue, BEFORE), Duration.ZERO))
                    .isTrue();
            assertThat(stack.count("SELECT count(*) FROM partition_owner WHERE queue = '" + queue
                            + "' AND partition >= " + BEFORE))
                    .as("new partitions that somebody claims from")
                    .isZero();
            victim.killHard();
            stack.fence(dead);
            stack.evict(dead);
            stack.worker();
            Awaitility.await()
                    .atMost(WorkerStack.PATIENCE)
                    .untilAsserted(() -> assertThat(growth.goOn(queue))
                            .as("workers said:%n%s", stack.logs())
                            .isEqualTo(Phase.OPEN));
            send(stack, queue, 3, AFTER, inOrder, all);
            JobId late = send(stack, queue, moved(), "late", BEFORE);

            stack.awaitFinal(all);
            stack.assertSucceededOnce(all);
            assertThat(stack.count("SELECT count(*) FROM job_history WHERE queue = '" + queue + "' AND partition >= "
                            + BEFORE))
                    .isPositive();
            inOrder.forEach((key, ids) -> assertThat(stack.rows("SELECT job_id FROM job_history WHERE queue = '" + queue
                            + "' AND order_key = '" + key + "' AND state = 'succeeded' ORDER BY settled_at"))
                    .as("the order of %s", key)
                    .containsExactlyElementsOf(ids.stream().map(JobId::toString).toList()));
            assertThat(stack.count("SELECT count(*) FROM job_history a JOIN job_history b ON b.queue = a.queue"
                            + " AND b.order_key = a.order_key AND b.job_id <> a.job_id AND b.started_at >= a.started_at"
                            + " AND b.started_at < a.settled_at WHERE a.queue = '" + queue + "'"))
                    .as("overlaps")
                    .isZero();
            assertThat(stack.rows("SELECT state || ' ' || reason FROM job_history WHERE queue = '" + queue
                            + "' AND state = 'dead'"))
                    .as("what came above the switch where its key is not any more")
                    .containsExactly("dead wrong_partition");
            assertThat(stack.find(late)).isEmpty();
            assertThat(stack.rows("SELECT job_id FROM job_history WHERE queue = '" + queue + "' AND state <> 'dead'"))
                    .hasSize(all.size());
        }
    }

    /** So many jobs of each key, as a producer sends them that knows of so many partitions. */
    private static void send(
            WorkerStack stack,
            String queue,
            int each,
            int partitions,
            Map<String, List<JobId>> inOrder,
            List<JobId> all) {
        for (int i = 0; i < each; i++) {
            for (int k = 0; k < KEYS; k++) {
                String key = "key-" + k;
                JobId id = send(stack, queue, key, UUID.randomUUID().toString(), partitions);
                inOrder.computeIfAbsent(key, _ -> new ArrayList<>()).add(id);
                all.add(id);
            }
        }
    }

    private static JobId send(WorkerStack stack, String queue, String key, String id, int partitions) {
        byte[] payload = "{\"millis\":15,\"later\":15}".getBytes(StandardCharsets.UTF_8);
        ProducerRecord<byte[], byte[]> record =
                new Submission("test", id, "test.pause", Optional.of(key), payload, Map.of()).toRecord(queue);
        stack.send(new ProducerRecord<>(
                record.topic(),
                BuiltInPartitioner.partitionForKey(record.key(), partitions),
                record.key(),
                record.value(),
                record.headers()));
        return JobId.of("test", id);
    }

    /** A key that has another partition then. */
    private static String moved() {
        for (int k = 0; ; k++) {
            byte[] key = ("key-" + k).getBytes(StandardCharsets.UTF_8);
            if (BuiltInPartitioner.partitionForKey(key, BEFORE) != BuiltInPartitioner.partitionForKey(key, AFTER)) {
                return "key-" + k;
            }
        }
    }
}
