package dev.muster.simulation;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.record.TimestampType;
import org.jspecify.annotations.Nullable;

/**
 * A broker as the protocol relies on it: logs that keep what they acknowledged, and one group of KIP-848. A member joins
 * with epoch 0 under its instance id; a change of the members raises the group's epoch and makes a new target; a member
 * is told what to keep, and gets what is free once it has let go, with the group's epoch as its own. Who is silent for
 * the session timeout is expelled, and one that is expelled or evicted hears of it with its next heartbeat.
 */
final class ModelKafka {
    private static final long SESSION = World.millis(3_000);
    private static final long LOOK = World.millis(200);

    private static final Comparator<TopicPartition> ORDER =
            Comparator.comparing(TopicPartition::topic).thenComparingInt(TopicPartition::partition);

    private final World world;
    private final Map<TopicPartition, List<ConsumerRecord<byte[], byte[]>>> logs = new TreeMap<>(ORDER);
    /** By instance id. */
    private final Map<String, Member> members = new TreeMap<>();

    private final Map<TopicPartition, String> target = new HashMap<>();
    private int epoch;
    private boolean down;

    ModelKafka(World world) {
        this.world = world;
        lookForSilent();
    }

    private static final class Member {
        final String memberId;
        int epoch;
        long heardAt;
        final Set<TopicPartition> assigned = new TreeSet<>(ORDER);

        Member(String memberId) {
            this.memberId = memberId;
        }
    }

    /** What a heartbeat is answered with. */
    sealed interface Answer {
        record Assigned(int epoch, Set<TopicPartition> partitions) implements Answer {}

        /** It is no member any more, as far as the group knows. */
        record Expelled() implements Answer {}

        /** Another member has its instance id. */
        record Taken() implements Answer {}
    }

    /** A copy that is gone through in the same order in each run. */
    static Set<TopicPartition> sorted(Collection<TopicPartition> partitions) {
        Set<TopicPartition> copy = new TreeSet<>(ORDER);
        copy.addAll(partitions);
        return copy;
    }

    boolean isDown() {
        return down;
    }

    void stop() {
        down = true;
    }

    /** A broker that comes back gives everybody a full session. */
    void start() {
        down = false;
        for (Member member : members.values()) {
            member.heardAt = world.now();
        }
    }

    // ---- logs ----

    void create(String topic, int partitions) {
        for (int i = 0; i < partitions; i++) {
            logs.put(new TopicPartition(topic, i), new ArrayList<>());
        }
    }

    /** Acknowledged when it returns. */
    void append(int partition, ProducerRecord<byte[], byte[]> record) {
        List<ConsumerRecord<byte[], byte[]>> log = log(new TopicPartition(record.topic(), partition));
        log.add(new ConsumerRecord<>(
                record.topic(),
                partition,
                log.size(),
                World.instant(world.now()).toEpochMilli(),
                TimestampType.CREATE_TIME,
                0,
                0,
                record.key(),
                record.value(),
                record.headers(),
                Optional.empty()));
    }

    List<ConsumerRecord<byte[], byte[]>> read(TopicPartition from, long offset, int most) {
        List<ConsumerRecord<byte[], byte[]>> log = log(from);
        int first = Math.toIntExact(Math.min(offset, log.size()));
        return List.copyOf(log.subList(first, Math.min(log.size(), first + most)));
    }

    private List<ConsumerRecord<byte[], byte[]>> log(TopicPartition partition) {
        List<ConsumerRecord<byte[], byte[]>> log = logs.get(partition);
        if (log == null) {
            throw new IllegalArgumentException("there is no " + partition);
        }
        return log;
    }

    // ---- the group ----

    int groupEpoch() {
        return epoch;
    }

    Set<String> instances() {
        return new TreeSet<>(members.keySet());
    }

    Answer heartbeat(String instance, String memberId, int memberEpoch, Set<TopicPartition> owned) {
        Member member = members.get(instance);
        if (memberEpoch == 0) {
            if (member != null && !member.memberId.equals(memberId)) {
                return new Answer.Taken();
            }
            if (member == null) {
                member = new Member(memberId);
                members.put(instance, member);
                world.note(() -> instance + " joins the group");
                retarget();
            }
        } else if (member == null || !member.memberId.equals(memberId) || member.epoch != memberEpoch) {
            return new Answer.Expelled();
        }
        member.heardAt = world.now();
        return reconcile(instance, member, owned);
    }

    private Answer reconcile(String instance, Member member, Set<TopicPartition> owned) {
        Set<TopicPartition> kept = sorted(member.assigned);
        kept.removeIf(p -> !instance.equals(target.get(p)));
        boolean letGo = owned.stream().allMatch(kept::contains);
        if (kept.size() < member.assigned.size() && !letGo) {
            member.epoch = Math.max(member.epoch, 1);
            return new Answer.Assigned(member.epoch, kept);
        }
        member.assigned.retainAll(kept);
        for (TopicPartition p : logs.keySet()) {
            if (instance.equals(target.get(p)) && members.values().stream().noneMatch(m -> m.assigned.contains(p))) {
                member.assigned.add(p);
            }
        }
        member.epoch = epoch;
        return new Answer.Assigned(epoch, sorted(member.assigned));
    }

    /** Its own wish, or an operator's, or the end of its session. */
    void remove(String instance, String why) {
        if (members.remove(instance) != null) {
            world.note(() -> instance + " is out of the group: " + why);
            retarget();
        }
    }

    /** It leaves for good, if it is still this member. */
    void leave(String instance, String memberId) {
        Member member = members.get(instance);
        if (member != null && member.memberId.equals(memberId)) {
            remove(instance, "left");
        }
    }

    /** Each partition stays where it is as long as the load allows it. */
    private void retarget() {
        epoch++;
        if (members.isEmpty()) {
            target.clear();
            return;
        }
        int most = Math.ceilDiv(logs.size(), members.size());
        Map<String, Integer> load = new TreeMap<>();
        members.keySet().forEach(m -> load.put(m, 0));
        List<TopicPartition> homeless = new ArrayList<>();
        for (TopicPartition p : logs.keySet()) {
            String before = target.get(p);
            if (before != null && load.containsKey(before) && load.get(before) < most) {
                load.merge(before, 1, Integer::sum);
            } else {
                homeless.add(p);
            }
        }
        for (TopicPartition p : homeless) {
            String least = leastOf(load);
            load.merge(least, 1, Integer::sum);
            target.put(p, least);
        }
    }

    private static String leastOf(Map<String, Integer> load) {
        @Nullable String least = null;
        for (Map.Entry<String, Integer> entry : load.entrySet()) {
            if (least == null || entry.getValue() < load.get(least)) {
                least = entry.getKey();
            }
        }
        if (least == null) {
            throw new IllegalStateException("INVARIANT: somebody is there");
        }
        return least;
    }

    private void lookForSilent() {
        world.after(LOOK, () -> {
            if (!down) {
                List.copyOf(members.entrySet()).forEach(entry -> {
                    if (world.now() - entry.getValue().heardAt > SESSION) {
                        remove(entry.getKey(), "silent");
                    }
                });
            }
            lookForSilent();
        });
    }
}
