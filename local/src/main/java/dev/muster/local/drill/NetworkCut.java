package dev.muster.local.drill;

import dev.muster.config.Setting;
import dev.muster.embedded.wire.TcpProxy;
import dev.muster.embedded.wire.Wire;
import dev.muster.local.CommandException;
import dev.muster.local.stack.Outpost;
import dev.muster.local.stack.StackConfig;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;

/**
 * The wires of one worker are cut without a word, and healed. It always reaches the payment provider: what it sends there
 * shows whether it still calls outside.
 */
final class NetworkCut implements Fault {
    /** Longer than the session of a member of the group. */
    private static final Duration LASTS = Duration.ofSeconds(6);

    private final Wires wires;

    NetworkCut(Wires wires) {
        this.wires = wires;
    }

    /** Which are cut. */
    enum Wires {
        /** Those to Kafka and Postgres; nor does its health port answer. It can't be killed. */
        ALL,
        KAFKA,
        POSTGRES
    }

    @Override
    public StackConfig prepare(StackConfig stack) {
        return switch (wires) {
            case ALL -> stack.with(Setting.FLEET_KILL_LOST, "false").withOutpost(Outpost.Reach.HIDDEN);
            case KAFKA, POSTGRES -> stack.withOutpost(Outpost.Reach.OPEN);
        };
    }

    @Override
    public Injection inject(DrillStack stack) {
        Outpost outpost = stack.outpost();
        String worker = atWork(stack);
        Instant at = stack.now();
        List<TcpProxy> cut = cut(outpost);
        cut.forEach(wire -> wire.set(new Wire.Drop()));
        stack.say("cut " + worker + " off from " + wires.name().toLowerCase(Locale.ROOT));
        try {
            return wires == Wires.ALL ? givenUp(stack, worker, at) : lived(stack, worker, at);
        } finally {
            cut.forEach(TcpProxy::heal);
        }
    }

    private List<TcpProxy> cut(Outpost outpost) {
        return switch (wires) {
            case ALL -> List.of(outpost.kafka(), outpost.postgres());
            case KAFKA -> List.of(outpost.kafka());
            case POSTGRES -> List.of(outpost.postgres());
        };
    }

    /** Its life, when it runs jobs. */
    private static String atWork(DrillStack stack) {
        AtomicReference<Optional<String>> found = new AtomicReference<>(Optional.empty());
        stack.await("jobs on " + Outpost.WORKER, DrillStack.LIMIT, () -> {
            found.set(running(stack));
            return found.get().isPresent();
        });
        return found.get().orElseThrow();
    }

    private static Optional<String> running(DrillStack stack) {
        return stack.reader().running().entrySet().stream()
                .filter(entry -> entry.getKey().startsWith(Outpost.WORKER + ".") && entry.getValue() > 1)
                .map(Map.Entry::getKey)
                .findFirst();
    }

    /** Its jobs go on elsewhere, and before that it stops to call outside. */
    private static Injection givenUp(DrillStack stack, String worker, Instant at) {
        stack.await(
                "others to run the jobs of " + worker,
                DrillStack.LIMIT,
                () -> !stack.reader().running().containsKey(worker));
        Duration left = LASTS.minus(Duration.between(at, stack.now()));
        stack.pause(left.isNegative() ? Duration.ZERO : left);
        Instant adopted = stack.reader()
                .adoptedFrom(worker)
                .orElseThrow(() -> CommandException.failed("no job of " + worker + " was adopted"));
        List<String> violations = new ArrayList<>();
        stack.outpost().provider().lastFromClient().ifPresent(last -> {
            stack.say("its last call outside was " + millis(at, last) + " ms after the cut, and the first of its jobs "
                    + "was adopted after " + millis(at, adopted) + " ms");
            if (!last.isBefore(adopted)) {
                violations.add(worker + " still called outside when others had its jobs");
            }
        });
        return Injection.of(at, Set.of(worker)).with(violations);
    }

    /** Nobody takes anything from it that it runs. */
    private static Injection lived(DrillStack stack, String worker, Instant at) {
        stack.pause(LASTS);
        List<String> violations = stack.reader()
                .adoptedFrom(worker)
                .map(when -> List.of("others took jobs of " + worker + " that it ran"))
                .orElse(List.of());
        return Injection.harmless(at).with(violations);
    }

    private static long millis(Instant from, Instant to) {
        return Duration.between(from, to).toMillis();
    }
}
