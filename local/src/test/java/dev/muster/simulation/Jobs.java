package dev.muster.simulation;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.muster.job.JobId;
import dev.muster.job.Ordering;
import dev.muster.job.Queue;
import dev.muster.protocol.Submission;
import dev.muster.protocol.Topics;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/** Who submits: jobs of two queues, some of them twice, and what each does. */
final class Jobs {
    static final Queue PAY = new Queue("pay", Ordering.KEY, "default", 3, Optional.of(Duration.ofDays(7)), false);
    static final Queue MAIL = new Queue("mail", Ordering.NONE, "default", 2, Optional.empty(), false);

    private final World world;
    private final ModelKafka kafka;
    private final Rules rules;
    private final Map<JobId, Script> scripts = new HashMap<>();
    private final List<Submission> known = new ArrayList<>();
    private int made;

    Jobs(World world, ModelKafka kafka, Rules rules) {
        this.world = world;
        this.kafka = kafka;
        this.rules = rules;
    }

    Script script(JobId id) {
        return Objects.requireNonNull(scripts.get(id), () -> "nobody submitted " + id);
    }

    /** So many jobs within that time, evenly by chance. */
    void submit(int count, long within) {
        for (int i = 0; i < count; i++) {
            world.after(world.between(0, within), this::submit);
        }
    }

    private void submit() {
        if (kafka.isDown()) {
            world.after(World.millis(100), this::submit); // its producer tries again
            return;
        }
        if (world.chance(0.1) && !known.isEmpty()) {
            append(world.any(known), PAY); // the same again
        } else if (world.chance(0.6)) {
            Submission job = make(PAY, Optional.of("k" + world.between(0, 4)), Map.of());
            known.add(job);
        } else {
            boolean later = world.chance(0.2);
            String at =
                    World.instant(world.now() + world.millisBetween(100, 1_500)).toString();
            make(MAIL, Optional.empty(), later ? Map.of("musterrunat", at) : Map.of());
        }
    }

    private Submission make(Queue queue, Optional<String> key, Map<String, String> extensions) {
        Submission job = new Submission("sim", "job-" + ++made, "test", key, "{}".getBytes(UTF_8), extensions);
        scripts.put(job.jobId(), Script.random(world));
        append(job, queue);
        rules.submitted(job.jobId(), key.orElse(""));
        return job;
    }

    private void append(Submission job, Queue queue) {
        int partition = job.partition(queue.partitions());
        world.note(() -> "job " + job.jobId() + " is submitted to " + queue.name() + "/" + partition);
        kafka.append(partition, job.toRecord(queue.name()));
    }

    static void createTopics(ModelKafka kafka) {
        for (Queue queue : List.of(PAY, MAIL)) {
            kafka.create(Topics.jobs(queue.name()), queue.partitions());
        }
    }
}
