package dev.muster.local.drill;

import dev.muster.embedded.EmbeddedServer;
import dev.muster.local.CommandException;
import dev.muster.local.stack.Fleet;
import dev.muster.local.stack.StackConfig;
import dev.muster.store.DrillReader.Lease;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/** The leader of two coordinators goes. */
final class Failover implements Fault {
    private static final List<String> COORDINATORS = List.of("coordinator", "coordinator-2");
    /** For one that wakes to do whatever it has in mind. */
    private static final Duration AWAKE = Duration.ofSeconds(3);

    private final How how;

    Failover(How how) {
        this.how = how;
    }

    enum How {
        KILLED,
        /** It is frozen and wakes when the other leads. A worker that it has started is killed meanwhile. */
        FROZEN
    }

    @Override
    public StackConfig prepare(StackConfig stack) {
        return stack.withCoordinators(COORDINATORS.size());
    }

    @Override
    public Injection inject(DrillStack stack) {
        stack.await(
                "both coordinators",
                DrillStack.LIMIT,
                () -> COORDINATORS.stream().allMatch(name -> stack.server(name).running()) && fresh(stack));
        Lease before = lease(stack);
        String leader = COORDINATORS.stream()
                .filter(name ->
                        before.holder().contains("-" + stack.server(name).pid() + "/"))
                .findFirst()
                .orElseThrow(() -> CommandException.failed(before.holder() + " leads and is none of the stack's"));
        stack.say(leader + " leads, epoch " + before.epoch() + "; it is "
                + how.name().toLowerCase(Locale.ROOT));
        return switch (how) {
            case KILLED -> killed(stack, leader, before);
            case FROZEN -> frozen(stack, leader, before);
        };
    }

    private static Injection killed(DrillStack stack, String leader, Lease before) {
        Instant at = stack.now();
        stack.server(leader).signal("KILL");
        Injection injection = Injection.harmless(at).with(Figure.BACK, awaitLeader(stack, before, at));
        stack.await(leader + " again", DrillStack.LIMIT, () -> stack.isStartedSince(leader, at));
        return injection;
    }

    private static Injection frozen(DrillStack stack, String leader, Lease before) {
        EmbeddedServer old = stack.server(leader);
        Fleet.Worker victim = stack.busiest();
        Instant at = stack.now();
        old.signal("STOP");
        try {
            stack.kill(victim);
            long back = awaitLeader(stack, before, at);
            Lease now = lease(stack);
            stack.await(
                    "others to run the jobs of " + victim.incarnation(),
                    DrillStack.LIMIT,
                    () -> !stack.reader().running().containsKey(victim.incarnation()));
            Instant woken = stack.now();
            old.signal("CONT");
            stack.pause(AWAKE);
            return Injection.of(at, Set.of(victim.incarnation()))
                    .with(Figure.BACK, back)
                    .with(deeds(stack, before, now, woken));
        } finally {
            old.signal("CONT");
        }
    }

    /** What the old leader has done since it woke. That it has started no twin shows when the stack is whole again. */
    private static List<String> deeds(DrillStack stack, Lease before, Lease now, Instant woken) {
        List<String> found = new ArrayList<>();
        Lease last = lease(stack);
        if (last.epoch() != now.epoch() || !last.holder().equals(now.holder())) {
            found.add(last.holder() + " took the lease from " + now.holder() + ", which was alive");
        }
        stack.reader().incidents().stream()
                .filter(incident -> incident.openedAt().isAfter(woken)
                        && Long.valueOf(before.epoch()).equals(incident.epoch()))
                .forEach(incident -> found.add("the old leader put on record: " + incident.summary()));
        stack.reader().lives().stream()
                .filter(life -> life.fencedAt().filter(woken::isBefore).isPresent()
                        && life.fencedBy().filter(before.holder()::equals).isPresent())
                .forEach(life -> found.add("the old leader fenced " + life.incarnation()));
        return found;
    }

    /** Returns how long it took until somebody led under a later epoch. */
    private static long awaitLeader(DrillStack stack, Lease before, Instant at) {
        stack.await(
                "another leader",
                DrillStack.LIMIT,
                () -> fresh(stack) && lease(stack).epoch() > before.epoch());
        return Duration.between(at, stack.now()).toMillis();
    }

    private static boolean fresh(DrillStack stack) {
        return stack.reader().lease().filter(Lease::fresh).isPresent();
    }

    private static Lease lease(DrillStack stack) {
        return stack.reader().lease().orElseThrow(() -> CommandException.failed("nobody has ever led"));
    }
}
