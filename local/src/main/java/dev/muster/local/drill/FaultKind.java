package dev.muster.local.drill;

import static dev.muster.local.drill.Figure.ALL_RUNNING;
import static dev.muster.local.drill.Figure.BACK;
import static dev.muster.local.drill.Figure.BACKLOG;
import static dev.muster.local.drill.Figure.CONVICTED;
import static dev.muster.local.drill.Figure.DETECT;
import static dev.muster.local.drill.Figure.FENCE;
import static dev.muster.local.drill.Figure.REASSIGN;
import static dev.muster.local.drill.Figure.RECOVERY;
import static dev.muster.local.drill.Figure.RESUME;
import static dev.muster.local.drill.Figure.WAIT;

import dev.muster.local.crash.CrashHandler;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/** The faults that the drill knows, with their bounds on two cores: the one list of them. */
@SuppressWarnings("ImmutableEnumChecker") // its lists are copies, and its ways keep no state
public enum FaultKind {
    KILL9(
            "kill9",
            "SIGKILL of a worker under load",
            Set.of(DETECT, FENCE, REASSIGN, RECOVERY, ALL_RUNNING, BACKLOG),
            List.of(Bound.of(ALL_RUNNING, 1_000)),
            List.of(new Killed())),
    EXIT(
            "exit",
            "a worker's root supervisor gives up",
            Set.of(DETECT, FENCE, REASSIGN, RECOVERY, ALL_RUNNING, BACKLOG),
            List.of(Bound.of(ALL_RUNNING, 1_000)),
            List.of(new Exited())),
    SIGSTOP(
            "sigstop",
            "a worker frozen: in half of the rounds it is killed, in the others it can't be, and wakes as a zombie",
            Set.of(DETECT, FENCE, REASSIGN, RECOVERY, ALL_RUNNING, BACKLOG),
            List.of(Bound.of(ALL_RUNNING, 3_000)),
            List.of(new FrozenAndKilled(), new FrozenAndResumed())),
    GC(
            "gc",
            "a worker paused for 1.2 s, which nobody may take for dead",
            Set.of(BACKLOG, WAIT),
            List.of(),
            List.of(new Paused())),
    BROKER(
            "broker",
            "the broker killed and restarted",
            Set.of(BACKLOG, RESUME),
            List.of(Bound.of(RESUME, 5_000)),
            List.of(new ServerKilled("kafka"))),
    POSTGRES(
            "postgres",
            "Postgres killed and restarted",
            Set.of(BACKLOG, RESUME),
            List.of(Bound.of(RESUME, 5_000)),
            List.of(new ServerKilled("postgres"))),
    COORDINATOR(
            "coordinator",
            "the coordinator killed and restarted; jobs don't notice",
            Set.of(BACKLOG, BACK, WAIT),
            List.of(Bound.of(BACK, 5_000), Bound.of(WAIT, 1_000)),
            List.of(new CoordinatorKilled())),
    ROLLING(
            "rolling",
            "every worker asked to end in turn, and started again",
            Set.of(BACKLOG, WAIT),
            List.of(Bound.of(WAIT, 1_000)),
            List.of(new Rolling())),
    CRASH_LOOP(
            "crash-loop",
            "a job that kills its worker, among payments: by Runtime.halt, and by running out of memory",
            Set.of(BACKLOG, CONVICTED),
            List.of(),
            List.of(new CrashLooped(CrashHandler.Way.HALT), new CrashLooped(CrashHandler.Way.MEMORY))),

    /** Once by an end of the leader, once with one that comes back. */
    FAILOVER(
            "coordinator-failover",
            "the leader of two coordinators killed; and frozen, to wake when the other leads",
            Set.of(DETECT, RECOVERY, ALL_RUNNING, BACK),
            List.of(Bound.of(BACK, 5_000)),
            List.of(new Failover(Failover.How.KILLED), new Failover(Failover.How.FROZEN))),
    BOTH(
            "both",
            "the coordinator and a worker at once, the coordinator away until all has healed",
            Set.of(FENCE, REASSIGN, RECOVERY, ALL_RUNNING, BACKLOG),
            List.of(Bound.of(ALL_RUNNING, 5_000)),
            List.of(new WorkerAndCoordinator())),
    NET_WORKER(
            "net-worker",
            "a worker that can't be killed cut off from Kafka and Postgres without a word, then healed",
            Set.of(DETECT, FENCE, REASSIGN, RECOVERY, ALL_RUNNING, BACKLOG),
            List.of(Bound.of(ALL_RUNNING, 3_000)),
            List.of(new NetworkCut(NetworkCut.Wires.ALL))),
    NET_KAFKA(
            "net-kafka",
            "a worker cut off from Kafka alone, then healed",
            Set.of(BACKLOG),
            List.of(),
            List.of(new NetworkCut(NetworkCut.Wires.KAFKA))),
    NET_POSTGRES(
            "net-postgres",
            "a worker cut off from Postgres alone, then healed",
            Set.of(BACKLOG),
            List.of(),
            List.of(new NetworkCut(NetworkCut.Wires.POSTGRES)));

    private final String wireName;
    private final String what;
    private final Set<Figure> figures;
    private final List<Bound> bounds;
    private final List<Fault> ways;

    /**
     * @param what happens, for people
     * @param figures that mean something for it
     * @param bounds on the p99 of its figures; nobody but victims may die and the audit must be clean in any case
     * @param ways each has all rounds, on a stack of its own
     */
    FaultKind(String wireName, String what, Set<Figure> figures, List<Bound> bounds, List<Fault> ways) {
        this.wireName = wireName;
        this.what = what;
        this.figures = Set.copyOf(figures);
        this.bounds = List.copyOf(bounds);
        this.ways = List.copyOf(ways);
    }

    /** Its name on the command line and in the JSON. */
    String wireName() {
        return wireName;
    }

    String what() {
        return what;
    }

    Set<Figure> figures() {
        return figures;
    }

    List<Bound> bounds() {
        return bounds;
    }

    List<Fault> ways() {
        return ways;
    }

    /**
     * Those that a command line names, in the order of the list.
     *
     * @param words names separated by commas, or {@code all}
     * @throws IllegalArgumentException if one is unknown
     */
    public static List<FaultKind> parse(String words) {
        if (words.equals("all")) {
            return List.of(values());
        }
        List<String> names = List.of(words.split(",", -1));
        names.forEach(FaultKind::checkKnown);
        return Arrays.stream(values())
                .filter(kind -> names.contains(kind.wireName))
                .toList();
    }

    private static void checkKnown(String name) {
        if (Arrays.stream(values()).noneMatch(kind -> kind.wireName.equals(name))) {
            throw new IllegalArgumentException("no fault is called \"" + name + "\"; there are "
                    + Arrays.stream(values()).map(FaultKind::wireName).collect(Collectors.joining(", ")) + ", and all");
        }
    }
}
