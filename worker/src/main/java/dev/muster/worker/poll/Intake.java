package dev.muster.worker.poll;

import dev.muster.protocol.Topics;
import dev.muster.store.PartitionEpoch;
import dev.muster.time.Ticker;
import dev.muster.worker.FaultPoint;
import dev.muster.worker.intake.Demand;
import dev.muster.worker.intake.Queues;
import dev.muster.worker.lane.IntakePort;
import dev.muster.worker.lane.Lane;
import dev.muster.worker.lane.LaneEvent;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.consumer.CloseOptions;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.consumer.OffsetOutOfRangeException;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.FencedInstanceIdException;
import org.apache.kafka.common.errors.RetriableException;
import org.apache.kafka.common.errors.UnreleasedInstanceIdException;
import org.apache.kafka.common.errors.WakeupException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The poll loop: the one thread that uses the consumer. It never waits for Postgres: an assignment is noted, paused and
 * passed to the lanes, which take it over and say where to read on. It polls until as much lies ready as can be run.
 * {@link #leave} and the {@link IntakePort} are thread-safe; all else is confined to the poll thread,
 * which is a platform thread, since a starved carrier must not silence it.
 */
public final class Intake implements Runnable, IntakePort {
    private static final Logger LOG = LoggerFactory.getLogger(Intake.class);

    private static final Duration COMMIT = Duration.ofSeconds(2);
    private static final Duration BEGINNINGS = Duration.ofSeconds(5);

    private final Consumer<byte[], byte[]> consumer;
    private final List<Lane> lanes;
    private final Demand demand;
    private final Queues queues;
    private final Hooks hooks;
    private final FaultPoint.Listener faults;
    private final Polling polling;
    private final Ticker ticker;
    private final ConcurrentLinkedQueue<Order> orders = new ConcurrentLinkedQueue<>();
    private final Assignment assigned;
    private final Map<TopicPartition, OffsetAndMetadata> toCommit = new HashMap<>();
    /** Partitions whose log does not reach to our position, with that. */
    private final Map<TopicPartition, Long> outOfRange = new HashMap<>();

    private Set<String> subscribed = Set.of();
    private long committedAt;
    /** Queues of which as much lies ready as is wanted. */
    private final Set<String> satisfied = ConcurrentHashMap.newKeySet();

    private volatile boolean leaving;
    private volatile boolean member;

    public Intake(
            Consumer<byte[], byte[]> consumer,
            int mostPolled,
            List<Lane> lanes,
            Demand demand,
            Queues queues,
            Hooks hooks,
            FaultPoint.Listener faults,
            Rest rest,
            Ticker ticker) {
        this.consumer = consumer;
        this.lanes = List.copyOf(lanes);
        this.demand = demand;
        this.queues = queues;
        this.hooks = hooks;
        this.faults = faults;
        this.assigned = new Assignment(consumer);
        this.polling = new Polling(consumer, mostPolled, rest, ticker);
        this.ticker = ticker;
        this.committedAt = ticker.nanos();
    }

    /** What has to be known, or said, in Postgres around a membership. Called on the poll thread, out of the group or on the way there. */
    public interface Hooks {
        /**
         * The group has expelled this worker, and the client is about to join again: reads the own row, and ends the
         * process if it is fenced, so that a zombie does not rejoin.
         */
        void onLost();

        /** It leaves the group while jobs may run: says that this is no death. */
        void onLeaving();
    }

    /** What lanes ask of the poll loop. */
    private sealed interface Order {
        record Hold(PartitionEpoch partition) implements Order {}

        record Resume(PartitionEpoch partition, long offset, int seek) implements Order {}

        record Commit(PartitionEpoch partition, long offset) implements Order {}
    }

    @Override
    public void resume(PartitionEpoch partition, long offset, int seek) {
        orders.add(new Order.Resume(partition, offset, seek));
        polling.wake();
    }

    @Override
    public void hold(PartitionEpoch partition) {
        orders.add(new Order.Hold(partition));
        polling.wake();
    }

    @Override
    public void claimed(PartitionEpoch partition, long offset) {
        orders.add(new Order.Commit(partition, offset));
    }

    @Override
    public void demand() {
        if (satisfied.removeIf(demand::isLow)) {
            polling.wake();
        }
    }

    /** Leaves the group for good, so that its partitions move at once; the loop then ends. */
    public void leave() {
        leaving = true;
        polling.wake();
    }

    /** True once it polls, or has nothing to poll. */
    public boolean isMember() {
        return member;
    }

    @Override
    public void run() {
        try {
            while (!leaving) {
                runOnce();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            end();
        }
    }

    private void end() {
        try {
            hooks.onLeaving();
        } finally {
            leaveGroup(); // also after a hook that breaks
        }
    }

    /** LEAVE_GROUP: a plain close of a static member keeps its partitions and its instance id blocked for its session. */
    private void leaveGroup() {
        try {
            consumer.close(CloseOptions.groupMembershipOperation(CloseOptions.GroupMembershipOperation.LEAVE_GROUP)
                    .withTimeout(Duration.ofSeconds(2)));
        } finally {
            new Rebalance().release(assigned.partitions(), "Let go"); // what a failed close has not
        }
    }

    private void runOnce() throws InterruptedException {
        try {
            faults.reached(FaultPoint.POLLING);
            if (subscribe()) {
                obey();
                findBeginnings();
                meetDemand();
                pass(polling.poll(assigned.size(), assigned.paused()));
                commit();
            } else {
                TimeUnit.NANOSECONDS.sleep(Polling.LONGEST.toNanos()); // the pool has no queue yet
            }
            member = true;
        } catch (WakeupException e) {
            // Somebody has an order for us, or wants us to leave; the loop looks.
        } catch (OffsetOutOfRangeException e) {
            outOfRange.putAll(e.offsetOutOfRangePartitions());
        } catch (UnreleasedInstanceIdException | FencedInstanceIdException e) {
            throw e; // another process has our instance id: this life is over
        } catch (RetriableException e) {
            LOG.atWarn().log("Kafka has trouble; polling again: {}", e.toString());
            TimeUnit.MILLISECONDS.sleep(100);
        } catch (KafkaException e) {
            if (e.getCause() instanceof InterruptedException) {
                throw (InterruptedException) new InterruptedException("the poll was interrupted").initCause(e);
            }
            throw e;
        }
    }

    /** False while there is nothing to subscribe to; an unsubscribed consumer refuses to poll. */
    private boolean subscribe() {
        Set<String> topics = new TreeSet<>();
        queues.view().byName().keySet().forEach(queue -> topics.add(Topics.jobs(queue)));
        if (!topics.equals(subscribed) && !topics.isEmpty()) {
            consumer.subscribe(topics, new Rebalance());
            subscribed = topics;
            LOG.atInfo().addKeyValue("topics", topics).log("Subscribed");
        }
        return !subscribed.isEmpty();
    }

    private void obey() {
        for (Order order = orders.poll(); order != null; order = orders.poll()) {
            switch (order) {
                case Order.Resume(PartitionEpoch partition, long offset, int seek) ->
                    assigned.open(partition, offset, seek);
                case Order.Hold(PartitionEpoch partition) -> assigned.close(partition);
                case Order.Commit(PartitionEpoch partition, long offset) -> {
                    if (assigned.has(partition)) {
                        toCommit.put(Assignment.topicPartition(partition), new OffsetAndMetadata(offset));
                    }
                }
            }
        }
    }

    /** Polls from each queue's partitions that are taken over until its demand is met, then from none until it is low. */
    private void meetDemand() {
        queues.view().byName().keySet().stream().filter(demand::isMet).forEach(satisfied::add);
        // RACE: after the line above. A lane that made room before it could see `satisfied` has woken nobody.
        satisfied.removeIf(demand::isLow);
        assigned.readAllBut(Set.copyOf(satisfied));
    }

    private void pass(ConsumerRecords<byte[], byte[]> records) {
        for (TopicPartition tp : records.partitions()) {
            assigned.find(tp).ifPresent(to -> {
                demand.buffered(to.partition().queue(), records.records(tp).size());
                lane(tp).tell(new LaneEvent.Polled(to.partition(), to.seek(), records.records(tp)));
            });
        }
    }

    /** Kafka's committed offsets follow Postgres at a distance, for tools that show lag. Nothing rests on them. */
    private void commit() {
        long now = ticker.nanos();
        if (!toCommit.isEmpty() && now - committedAt > COMMIT.toNanos()) {
            consumer.commitAsync(Map.copyOf(toCommit), (offsets, trouble) -> {
                if (trouble != null) {
                    LOG.atDebug().log(
                            "Offsets were not committed; the next commit has them too: {}", trouble.toString());
                }
            });
            toCommit.clear();
            committedAt = now;
        }
    }

    /** Where Kafka's log begins above our position, the lane decides; asked until Kafka answers. */
    private void findBeginnings() {
        if (outOfRange.isEmpty()) {
            return;
        }
        Map<TopicPartition, Long> beginnings = consumer.beginningOffsets(outOfRange.keySet(), BEGINNINGS);
        outOfRange.forEach((tp, position) -> {
            Long beginning = beginnings.get(tp);
            if (beginning != null) {
                assigned.find(tp).ifPresent(known -> {
                    assigned.cutOff(tp, known, beginning);
                    lane(tp).tell(new LaneEvent.LogReset(known.partition(), position, beginning));
                });
            }
        });
        outOfRange.clear();
    }

    private Lane lane(TopicPartition tp) {
        return lanes.get(Lane.indexOf(Topics.queueOf(tp.topic()), tp.partition(), lanes.size()));
    }

    /** Callbacks of the group, within poll(). They note and pass on; they never throw. */
    private final class Rebalance implements ConsumerRebalanceListener {
        @Override
        public void onPartitionsAssigned(Collection<TopicPartition> partitions) {
            int epoch = consumer.groupMetadata().generationId();
            Map<Lane, List<PartitionEpoch>> byLane = new HashMap<>();
            for (TopicPartition tp : partitions) {
                PartitionEpoch partition = new PartitionEpoch(Topics.queueOf(tp.topic()), tp.partition(), epoch);
                assigned.add(tp, partition);
                byLane.computeIfAbsent(lane(tp), lane -> new ArrayList<>()).add(partition);
            }
            byLane.forEach((lane, own) -> lane.tell(new LaneEvent.Assigned(own)));
            LOG.atInfo()
                    .addKeyValue("epoch", epoch)
                    .addKeyValue("partitions", partitions.size())
                    .log("Assigned");
        }

        @Override
        public void onPartitionsRevoked(Collection<TopicPartition> partitions) {
            release(partitions, "Revoked");
        }

        @Override
        public void onPartitionsLost(Collection<TopicPartition> partitions) {
            release(partitions, "Lost");
            // The one callback that may wait for Postgres: out of the group it blocks nobody.
            hooks.onLost();
        }

        void release(Collection<TopicPartition> partitions, String what) {
            if (partitions.isEmpty()) {
                return;
            }
            Map<Lane, List<PartitionEpoch>> byLane = new HashMap<>();
            for (TopicPartition tp : new HashSet<>(partitions)) {
                toCommit.remove(tp);
                outOfRange.remove(tp);
                assigned.remove(tp)
                        .ifPresent(own -> byLane.computeIfAbsent(lane(tp), lane -> new ArrayList<>())
                                .add(own));
            }
            byLane.forEach((lane, own) -> lane.tell(new LaneEvent.Released(own)));
            LOG.atInfo().addKeyValue("partitions", partitions.size()).log(what);
        }
    }
}
