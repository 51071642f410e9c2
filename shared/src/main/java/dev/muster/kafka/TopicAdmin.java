package dev.muster.kafka;

import dev.muster.config.Setting;
import dev.muster.config.Settings;
import dev.muster.job.Queue;
import dev.muster.protocol.Topics;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.CreateTopicsResult;
import org.apache.kafka.clients.admin.ListOffsetsResult;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.errors.InvalidConfigurationException;
import org.apache.kafka.common.errors.InvalidRequestException;
import org.apache.kafka.common.errors.TopicExistsException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Makes Muster's topics and sets what its groups need at the broker. What is there already stays. Thread-safe. */
public final class TopicAdmin {
    private static final Logger LOG = LoggerFactory.getLogger(TopicAdmin.class);

    /** So long a queue may stand still, paused or without workers, before Kafka deletes what nobody has claimed. */
    private static final Duration JOBS_RETENTION = Duration.ofDays(7);

    /** A broker hears of a new topic within some tenths of a second; ten seconds are for one that is busy. */
    private static final int LEADER_TRIES = 200;

    private static final int LEADER_PAUSE_MILLIS = 50;

    private final Admin admin;
    private final Settings settings;

    public TopicAdmin(Admin admin, Settings settings) {
        this.admin = admin;
        this.settings = settings;
    }

    /**
     * Makes the topics that the processes talk over.
     *
     * @return the names of those that were made now
     * @throws KafkaException if the broker can't be reached or refuses
     */
    public List<String> ensureInternalTopics() {
        return create(List.of(
                // Only the last second of heartbeats and the last minutes of commands mean anything.
                topic(Topics.HEARTBEATS, 4, Duration.ofMinutes(1)),
                topic(Topics.COMMANDS, 1, Duration.ofMinutes(10)),
                topic(Topics.EVENTS, 8, Duration.ofDays(7)),
                // Their time is Postgres', and events go with them: a broker with another clock must take them.
                new NewTopic(Topics.TALLIES, Optional.of(1), Optional.empty())
                        .configs(Map.of(
                                "retention.ms",
                                        Long.toString(Duration.ofHours(2).toMillis()),
                                "message.timestamp.after.max.ms", Long.toString(Long.MAX_VALUE))),
                topic(Topics.STATS, 1, Duration.ofDays(1)),
                // A dead letter waits for a human, however long that takes, and is larger than its submission.
                new NewTopic(Topics.DEAD_LETTERS, Optional.of(4), Optional.empty())
                        .configs(Map.of("retention.ms", "-1", "max.message.bytes", Integer.toString(16 << 20)))));
    }

    /**
     * Makes the topic of a queue. If it was made now, its brokers lead it: whoever submits may begin.
     *
     * @return true if it was made now
     * @throws KafkaException if the broker can't be reached or refuses
     */
    public boolean ensureQueueTopic(Queue queue) {
        NewTopic topic = new NewTopic(Topics.jobs(queue.name()), Optional.of(queue.partitions()), Optional.empty())
                .configs(Map.of("retention.ms", Long.toString(JOBS_RETENTION.toMillis())));
        return !create(List.of(topic)).isEmpty();
    }

    /**
     * Gives a queue's topic more partitions; one that has as many stays as it is.
     *
     * @throws KafkaException if the broker can't be reached or refuses
     */
    public void growQueueTopic(String queue, int partitions) {
        String topic = Topics.jobs(queue);
        try {
            int before = partitionsOf(topic);
            if (before < partitions) {
                admin.createPartitions(Map.of(topic, NewPartitions.increaseTo(partitions)))
                        .all()
                        .get();
                awaitLeaders(latest(topic, before, partitions));
            }
        } catch (ExecutionException e) {
            throw failed("give " + topic + " " + partitions + " partitions", e);
        } catch (InterruptedException e) {
            throw interrupted("give " + topic + " " + partitions + " partitions", e);
        }
    }

    private int partitionsOf(String topic) throws ExecutionException, InterruptedException {
        return Objects.requireNonNull(
                        admin.describeTopics(List.of(topic))
                                .allTopicNames()
                                .get()
                                .get(topic),
                        topic)
                .partitions()
                .size();
    }

    /**
     * Where a queue's first partitions end now: the offsets that their next records get.
     *
     * @throws KafkaException if the broker can't be reached
     */
    public List<Long> ends(String queue, int partitions) {
        try {
            ListOffsetsResult answer = admin.listOffsets(latest(Topics.jobs(queue), 0, partitions));
            List<Long> ends = new ArrayList<>();
            for (int i = 0; i < partitions; i++) {
                ends.add(answer.partitionResult(new TopicPartition(Topics.jobs(queue), i))
                        .get()
                        .offset());
            }
            return ends;
        } catch (ExecutionException e) {
            throw failed("read the ends of " + queue, e);
        } catch (InterruptedException e) {
            throw interrupted("read the ends of " + queue, e);
        }
    }

    /**
     * Sets session and heartbeat of a pool's group, so that Kafka itself notices a dead worker within the session
     * timeout, and takes the pause between rebalances away. A broker whose lower bounds forbid that is left as it is,
     * with a warning: all works, only the fall-back without a coordinator is slower.
     *
     * @return true if the broker took the settings
     * @throws KafkaException if the broker can't be reached
     */
    public boolean configureGroup(String pool) {
        return configure(
                Topics.group(pool),
                Map.of(
                        "consumer.session.timeout.ms",
                        millis(Setting.GROUP_SESSION_TIMEOUT),
                        "consumer.heartbeat.interval.ms",
                        millis(Setting.GROUP_HEARTBEAT),
                        "consumer.assignment.interval.ms",
                        "0"),
                "group.consumer.min.session.timeout.ms and group.consumer.min.heartbeat.interval.ms");
    }

    /**
     * The same for the group of a Streams application, so that a new leader's statistics go on within seconds. Nobody
     * waits for its heartbeat as recoveries wait for the workers'.
     */
    public boolean configureStreamsGroup(String group) {
        return configure(
                group,
                Map.of(
                        "streams.session.timeout.ms",
                        millis(Setting.GROUP_SESSION_TIMEOUT),
                        "streams.heartbeat.interval.ms",
                        Long.toString(Math.max(
                                1,
                                settings.duration(Setting.GROUP_SESSION_TIMEOUT).toMillis() / 4))),
                "group.streams.min.session.timeout.ms and group.streams.min.heartbeat.interval.ms");
    }

    private boolean configure(String group, Map<String, String> wanted, String bounds) {
        List<AlterConfigOp> changes = wanted.entrySet().stream()
                .map(entry ->
                        new AlterConfigOp(new ConfigEntry(entry.getKey(), entry.getValue()), AlterConfigOp.OpType.SET))
                .toList();
        ConfigResource resource = new ConfigResource(ConfigResource.Type.GROUP, group);
        try {
            admin.incrementalAlterConfigs(Map.of(resource, changes)).all().get();
            return true;
        } catch (ExecutionException e) {
            if (e.getCause() instanceof InvalidConfigurationException
                    || e.getCause() instanceof InvalidRequestException) {
                LOG.warn(
                        "Kafka refuses the settings {} of group {}: {}. Muster goes on with the broker's own; "
                                + "lower {} at the broker to have them",
                        wanted,
                        group,
                        e.getCause().getMessage(),
                        bounds);
                return false;
            }
            throw failed("set the configuration of group " + group, e);
        } catch (InterruptedException e) {
            throw interrupted("set the configuration of group " + group, e);
        }
    }

    private static NewTopic topic(String name, int partitions, Duration retention) {
        String millis = Long.toString(retention.toMillis());
        return new NewTopic(name, Optional.of(partitions), Optional.empty())
                .configs(Map.of("retention.ms", millis, "segment.ms", millis));
    }

    private List<String> create(List<NewTopic> topics) {
        try {
            Set<String> there = admin.listTopics().names().get();
            List<NewTopic> missing =
                    topics.stream().filter(t -> !there.contains(t.name())).toList();
            CreateTopicsResult result = admin.createTopics(missing);
            List<String> made = new ArrayList<>();
            for (NewTopic topic : missing) {
                if (isMade(result, topic.name())) {
                    made.add(topic.name());
                }
            }
            Map<TopicPartition, OffsetSpec> partitions = new HashMap<>();
            missing.stream()
                    .filter(topic -> made.contains(topic.name()))
                    .forEach(topic -> partitions.putAll(latest(topic.name(), 0, topic.numPartitions())));
            awaitLeaders(partitions);
            return made;
        } catch (ExecutionException e) {
            throw failed("make topics", e);
        } catch (InterruptedException e) {
            throw interrupted("make topics", e);
        }
    }

    /**
     * A topic is made before its brokers lead it. The first batch that a producer sends in between is turned away, and if
     * one behind it is let in, the first can't be: what it retries has the wrong sequence number until its two minutes
     * are over, and is lost to whoever does not look at his futures (seen with Kafka 4.3 in three of eight new topics).
     */
    private void awaitLeaders(Map<TopicPartition, OffsetSpec> partitions)
            throws ExecutionException, InterruptedException {
        for (int tries = 1; ; tries++) {
            try {
                admin.listOffsets(partitions).all().get();
                return;
            } catch (ExecutionException e) {
                // The client asks again by itself where a partition has no leader, not where the topic is unknown.
                if (!(e.getCause() instanceof UnknownTopicOrPartitionException) || tries == LEADER_TRIES) {
                    throw e;
                }
                TimeUnit.MILLISECONDS.sleep(LEADER_PAUSE_MILLIS);
            }
        }
    }

    private static Map<TopicPartition, OffsetSpec> latest(String topic, int from, int to) {
        Map<TopicPartition, OffsetSpec> wanted = new HashMap<>();
        for (int i = from; i < to; i++) {
            wanted.put(new TopicPartition(topic, i), OffsetSpec.latest());
        }
        return wanted;
    }

    /** False when somebody else has made it in the meantime. */
    private static boolean isMade(CreateTopicsResult result, String topic)
            throws ExecutionException, InterruptedException {
        try {
            Objects.requireNonNull(result.values().get(topic), topic).get();
            return true;
        } catch (ExecutionException e) {
            if (e.getCause() instanceof TopicExistsException) {
                return false;
            }
            throw e;
        }
    }

    private String millis(Setting setting) {
        return Long.toString(settings.duration(setting).toMillis());
    }

    private static KafkaException failed(String what, ExecutionException e) {
        Throwable cause = e.getCause() == null ? e : e.getCause();
        return new KafkaException("can't " + what + ": " + cause.getMessage(), cause);
    }

    private static KafkaException interrupted(String what, InterruptedException e) {
        Thread.currentThread().interrupt();
        return new KafkaException("interrupted when about to " + what, e);
    }
}
