package dev.muster.bench;

import dev.muster.config.Setting;
import dev.muster.config.Settings;
import dev.muster.embedded.FileTree;
import dev.muster.fleet.Heartbeat;
import dev.muster.fleet.Incarnation;
import dev.muster.local.Console;
import dev.muster.local.stack.Fleet;
import dev.muster.local.stack.LocalStack;
import dev.muster.local.stack.StackConfig;
import dev.muster.protocol.HeartbeatCodec;
import dev.muster.store.SupervisionStore;
import dev.muster.store.SupervisionStore.Filter;
import dev.muster.store.SupervisionStore.Happened;
import dev.muster.store.SupervisionStore.Kind;
import dev.muster.time.Ticker;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/**
 * How long a worker that was killed is away, on a stack of two workers with nothing else to do: until the coordinator has
 * seen its exit, and from then until the first heartbeat of the life after it is read from Kafka, and until one says that
 * it is a member of its group. The coordinator's part of it, fence and fork, is in it. All times are of this machine's
 * clock, the coordinator's word on the exit as it stands in the history of supervision.
 */
final class WorkerRestart {
    private static final int WORKERS = 2;
    private static final Duration POLL = Duration.ofMillis(5);
    private static final Duration LIMIT = Duration.ofSeconds(60);
    /** Longer than what ends a row of restarts, so that none of them has a pause before it. */
    private static final Duration REST = Duration.ofSeconds(3);

    private final LocalStack stack;
    private final Consumer<byte[], byte[]> heartbeats;
    private final SupervisionStore history;
    private final Ticker ticker = Ticker.system();

    private WorkerRestart(LocalStack stack, Consumer<byte[], byte[]> heartbeats) {
        this.stack = stack;
        this.heartbeats = heartbeats;
        this.history = new SupervisionStore(stack.database());
    }

    /** One restart. */
    private record Restart(Instant killed, Instant seen, Instant heartbeat, Instant member) {}

    /** Measures so many restarts and says what they took. */
    static void run(Console console, int rounds) throws Exception {
        Path folder = Files.createTempDirectory("muster-bench-");
        StackConfig config = new StackConfig(
                folder,
                Settings.of(Map.of(Setting.COORDINATOR_PORT.key(), "0")),
                WORKERS,
                StackConfig.defaultQueues(),
                StackConfig.Ports.ANY);
        List<Restart> restarts = new ArrayList<>();
        try (LocalStack stack = LocalStack.start(config, _ -> {});
                Consumer<byte[], byte[]> heartbeats = WorkerStart.reader(stack.settings())) {
            WorkerRestart bench = new WorkerRestart(stack, heartbeats);
            for (int round = 0; round < rounds; round++) {
                restarts.add(bench.measure());
            }
        } finally {
            FileTree.delete(folder);
        }
        console.line("ms                                          min  median     max");
        report(console, "kill to exit seen", restarts, r -> Duration.between(r.killed(), r.seen()));
        report(console, "exit seen to first heartbeat", restarts, r -> Duration.between(r.seen(), r.heartbeat()));
        report(console, "exit seen to member of its group", restarts, r -> Duration.between(r.seen(), r.member()));
        report(console, "kill to first heartbeat", restarts, r -> Duration.between(r.killed(), r.heartbeat()));
    }

    private Restart measure() {
        Fleet.Worker victim = rested();
        Incarnation dead = new Incarnation(victim.incarnation());
        Instant killed = ticker.now();
        if (!victim.kill()) {
            throw new IllegalStateException(dead + " has ended by itself");
        }
        Instant heartbeat = await(dead, Heartbeat.Phase.STARTING);
        Instant member = await(dead, Heartbeat.Phase.RUNNING);
        return new Restart(killed, exitSeen(dead), heartbeat, member);
    }

    /** One of the workers, when all have been in service for a while; heartbeats are read meanwhile. */
    private Fleet.Worker rested() {
        long began = ticker.nanos();
        long since = began;
        while (ticker.nanos() - began < LIMIT.toNanos()) {
            heartbeats.poll(POLL);
            List<Fleet.Worker> live = stack.fleet().live().stream()
                    .filter(worker -> worker.isAlive() && worker.inService())
                    .toList();
            if (live.size() < WORKERS) {
                since = ticker.nanos();
            } else if (ticker.nanos() - since > REST.toNanos()) {
                return live.getFirst();
            }
        }
        throw new IllegalStateException("the workers are not in service");
    }

    /** When a heartbeat in this phase or a later one was read of the life after this one. */
    private Instant await(Incarnation dead, Heartbeat.Phase phase) {
        long began = ticker.nanos();
        while (ticker.nanos() - began < LIMIT.toNanos()) {
            for (ConsumerRecord<byte[], byte[]> record : heartbeats.poll(POLL)) {
                Heartbeat beat = HeartbeatCodec.decode(record.value()).orElseThrow();
                if (beat.incarnation().worker().equals(dead.worker())
                        && beat.incarnation().number() > dead.number()
                        && beat.phase().compareTo(phase) >= 0) {
                    return ticker.now();
                }
            }
        }
        throw new IllegalStateException("nobody followed " + dead + " in " + phase);
    }

    /** The coordinator writes its events behind its work, a moment later. */
    private Instant exitSeen(Incarnation dead) {
        long began = ticker.nanos();
        while (ticker.nanos() - began < LIMIT.toNanos()) {
            Optional<Happened> exit = history.recent(Filter.newest(100)).stream()
                    .filter(event -> event.kind() == Kind.EXITED
                            && event.subject().incarnation().equals(Optional.of(dead.id())))
                    .findFirst();
            if (exit.isPresent()) {
                return exit.get().at();
            }
            heartbeats.poll(POLL);
        }
        throw new IllegalStateException("the exit of " + dead + " is not on record");
    }

    private static void report(
            Console console, String what, List<Restart> restarts, Function<Restart, Duration> duration) {
        List<Long> millis = restarts.stream()
                .map(restart -> duration.apply(restart).toMillis())
                .sorted()
                .toList();
        console.line(String.format(
                Locale.ROOT,
                "%-40s %6d  %6d  %6d",
                what,
                millis.getFirst(),
                millis.get(millis.size() / 2),
                millis.getLast()));
    }
}
