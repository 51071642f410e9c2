package dev.muster.local.drill;

import static dev.muster.local.drill.Figure.ALL_RUNNING;
import static dev.muster.local.drill.Figure.BACKLOG;
import static dev.muster.local.drill.Figure.DETECT;
import static dev.muster.local.drill.Figure.FENCE;
import static dev.muster.local.drill.Figure.REASSIGN;
import static dev.muster.local.drill.Figure.RECOVERY;

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
            List.of(new Killed()));

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
