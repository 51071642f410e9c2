package dev.muster.simulation;

import dev.muster.worker.poll.Rest;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.UnreleasedInstanceIdException;
import org.apache.kafka.common.errors.WakeupException;
import org.jspecify.annotations.Nullable;

/**
 * A consumer of the group as the poll loop uses it. Heartbeats go on by themselves while the process runs; the group's
 * answers become callbacks in the next poll: first what was lost, then what was revoked, then what was assigned.
 */
final class SimConsumer {
    private static final long BEAT = World.millis(200);
    private static final int MOST = 8;

    private final Proc proc;
    private final ModelKafka kafka;
    private final String instance;
    private final String memberId;
    private final Map<TopicPartition, Long> positions = new HashMap<>();
    private final Set<TopicPartition> paused = new HashSet<>();
    private final Set<TopicPartition> owned = none();
    private Set<TopicPartition> told = none();
    private @Nullable ConsumerRebalanceListener listener;
    private int epoch;
    private boolean lost;
    private boolean taken;
    private boolean woken;
    private boolean closed;
    private @Nullable Fiber poller;
    private long ticket;

    SimConsumer(Proc proc, ModelKafka kafka, String instance, int life) {
        this.proc = proc;
        this.kafka = kafka;
        this.instance = instance;
        this.memberId = instance + "#" + life;
    }

    private static Set<TopicPartition> none() {
        return ModelKafka.sorted(List.of());
    }

    @SuppressWarnings({"unchecked", "removal"}) // the class itself stays; the tests of Kafka make it alike
    Consumer<byte[], byte[]> consumer() {
        Map<String, Function<Object[], Object>> methods = new HashMap<>();
        methods.put("subscribe", args -> subscribe((ConsumerRebalanceListener) args[1]));
        methods.put("poll", args -> poll((Duration) args[0]));
        methods.put(
                "groupMetadata",
                _ -> new ConsumerGroupMetadata("muster.default", epoch, memberId, Optional.of(instance)));
        methods.put("paused", _ -> ModelKafka.sorted(paused));
        methods.put("pause", args -> paused.addAll((Collection<TopicPartition>) args[0]));
        methods.put("resume", args -> paused.removeAll((Collection<TopicPartition>) args[0]));
        methods.put("seek", args -> seek((TopicPartition) args[0], (Long) args[1]));
        methods.put("wakeup", _ -> wakeup());
        methods.put("close", _ -> close());
        methods.put("commitAsync", _ -> null);
        methods.put("metrics", _ -> Map.of()); // it says nothing of connections, so none is ever seen as lost
        InvocationHandler handler = (_, method, args) -> answer(methods, method, args);
        return (Consumer<byte[], byte[]>)
                Proxy.newProxyInstance(Consumer.class.getClassLoader(), new Class<?>[] {Consumer.class}, handler);
    }

    private static @Nullable Object answer(
            Map<String, Function<Object[], Object>> methods, Method method, Object[] args) {
        Function<Object[], Object> known = methods.get(method.getName());
        if (known == null) {
            throw new UnsupportedOperationException("the model of a consumer has no " + method.getName());
        }
        Object value = known.apply(args == null ? new Object[0] : args);
        return method.getReturnType() == void.class ? null : value;
    }

    private @Nullable Object subscribe(ConsumerRebalanceListener callbacks) {
        boolean first = listener == null;
        listener = callbacks;
        if (first) {
            beat();
        }
        return null;
    }

    private @Nullable Object seek(TopicPartition partition, Long offset) {
        proc.world().note(() -> proc + " will read " + partition + " from " + offset);
        positions.put(partition, offset);
        return null;
    }

    // ---- the group ----

    private void beat() {
        if (closed) {
            return;
        }
        proc.after(BEAT + proc.world().millisBetween(0, 20), this::beat);
        exchange();
    }

    private void exchange() {
        boolean waits = lost || closed || taken; // it joins again when the callback has returned
        if (waits || kafka.isDown() || proc.isCutFromKafka()) {
            return;
        }
        ModelKafka.Answer answer = kafka.heartbeat(instance, memberId, epoch, owned);
        if (!proc.world().isCalm() && proc.world().chance(0.02)) {
            return; // the answer is lost
        }
        switch (answer) {
            case ModelKafka.Answer.Assigned(int memberEpoch, Set<TopicPartition> partitions) -> {
                epoch = memberEpoch;
                told = partitions;
            }
            case ModelKafka.Answer.Expelled() -> {
                epoch = 0;
                told = none();
                lost = true;
            }
            case ModelKafka.Answer.Taken() -> taken = true;
        }
        if (lost || taken || !told.equals(owned)) {
            stir();
        }
    }

    private void callBack() {
        ConsumerRebalanceListener callbacks = Objects.requireNonNull(listener, "subscribed");
        if (lost) {
            Set<TopicPartition> gone = ModelKafka.sorted(owned);
            drop(gone);
            callbacks.onPartitionsLost(gone);
            lost = false;
            exchange();
        }
        Set<TopicPartition> revoked =
                owned.stream().filter(p -> !told.contains(p)).collect(Collectors.toCollection(SimConsumer::none));
        if (!revoked.isEmpty()) {
            callbacks.onPartitionsRevoked(revoked);
            drop(revoked);
            exchange();
        }
        Set<TopicPartition> fresh =
                told.stream().filter(p -> !owned.contains(p)).collect(Collectors.toCollection(SimConsumer::none));
        if (!fresh.isEmpty() && !lost) {
            owned.addAll(fresh);
            callbacks.onPartitionsAssigned(fresh);
        }
    }

    private void drop(Set<TopicPartition> partitions) {
        owned.removeAll(partitions);
        paused.removeAll(partitions);
        partitions.forEach(positions::remove);
    }

    // ---- polling ----

    private ConsumerRecords<byte[], byte[]> poll(Duration most) {
        if (taken) {
            throw new UnreleasedInstanceIdException("another member has " + instance);
        }
        throwIfWoken();
        callBack();
        ConsumerRecords<byte[], byte[]> ready = fetch();
        if (!ready.isEmpty()) {
            proc.sleep(proc.world().millisBetween(0, 2));
            return ready;
        }
        if (most.isZero()) {
            return ready;
        }
        await(most);
        throwIfWoken();
        return fetch();
    }

    /** How the loop waits between polls that don't: like a poll, but that a wakeup is left for the next one. */
    Rest rest() {
        return new Rest() {
            @Override
            public void await(Duration most) {
                if (!woken) {
                    SimConsumer.this.await(most);
                }
            }

            @Override
            public void stir() {
                // a wakeup follows, which stirs
            }
        };
    }

    private void await(Duration most) {
        Fiber me = proc.world().current();
        poller = me;
        ticket = me.nextTicket();
        proc.wake(me, ticket, most.toNanos());
        me.pause();
        poller = null;
    }

    private void throwIfWoken() {
        if (woken) {
            woken = false;
            throw new WakeupException();
        }
    }

    private ConsumerRecords<byte[], byte[]> fetch() {
        if (kafka.isDown() || proc.isCutFromKafka()) {
            return ConsumerRecords.empty();
        }
        Map<TopicPartition, List<ConsumerRecord<byte[], byte[]>>> records = new LinkedHashMap<>();
        for (TopicPartition p : owned) {
            Long position = positions.get(p);
            if (position != null && !paused.contains(p)) {
                List<ConsumerRecord<byte[], byte[]>> some = kafka.read(p, position, MOST);
                if (!some.isEmpty()) {
                    records.put(p, some);
                    proc.world()
                            .note(() -> proc + " reads " + p + " from " + position + ", " + some.size() + " records");
                    positions.put(p, some.getLast().offset() + 1);
                }
            }
        }
        return records.isEmpty() ? ConsumerRecords.empty() : new ConsumerRecords<>(records, Map.of());
    }

    private @Nullable Object wakeup() {
        woken = true;
        stir();
        return null;
    }

    private void stir() {
        Fiber waiting = poller;
        if (waiting != null) {
            proc.wake(waiting, ticket, proc.world().millisBetween(0, 2));
        }
    }

    /** With LEAVE_GROUP: gone at once, if the broker hears of it. */
    private @Nullable Object close() {
        closed = true;
        if (!kafka.isDown() && !proc.isCutFromKafka()) {
            kafka.leave(instance, memberId);
        }
        return null;
    }
}
