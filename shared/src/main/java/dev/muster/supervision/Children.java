package dev.muster.supervision;

import dev.muster.supervision.Child.Status;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;

/**
 * The children of a supervisor. Immutable.
 *
 * @param list in start order
 * @param lastPid the highest number given to a {@link Pid}, from 0
 */
public record Children(List<Child> list, long lastPid) {
    public Children {
        list = List.copyOf(list);
    }

    /** Children none of which has been started. */
    static Children unstarted(List<ChildSpec> specs) {
        return new Children(
                specs.stream()
                        .map(spec -> new Child(spec, new Status.Undefined()))
                        .toList(),
                0);
    }

    Optional<Child> find(String id) {
        return list.stream().filter(child -> child.id().equals(id)).findFirst();
    }

    Optional<Child> find(Pid pid) {
        return list.stream().filter(child -> child.isRunningAs(pid)).findFirst();
    }

    /** The child and those that are restarted with it, in start order. */
    List<Child> groupOf(String id, Strategy strategy) {
        return switch (strategy) {
            case ONE_FOR_ONE -> find(id).stream().toList();
            case ONE_FOR_ALL -> list;
            case REST_FOR_ONE ->
                list.stream().dropWhile(child -> !child.id().equals(id)).toList();
        };
    }

    /** What {@code count_children} says. */
    Reply.Counted count(Predicate<Pid> isAlive) {
        int active = 0;
        int supervisors = 0;
        for (Child child : list) {
            if (child.status() instanceof Status.Running(Pid pid) && isAlive.test(pid)) {
                active++;
            }
            if (child.spec().type() == ChildType.SUPERVISOR) {
                supervisors++;
            }
        }
        return new Reply.Counted(list.size(), active, supervisors, list.size() - supervisors);
    }

    /** With this status for the child; one that is new comes last. */
    Children with(ChildSpec spec, Status status) {
        Child changed = new Child(spec, status);
        List<Child> next = new ArrayList<>(list);
        next.replaceAll(child -> child.id().equals(spec.id()) ? changed : child);
        if (!next.contains(changed)) {
            next.add(changed);
        }
        return new Children(next, lastPid);
    }

    /** Without the process of the child; a temporary child is forgotten with it. */
    Children withEnded(ChildSpec spec) {
        return spec.isTemporary() ? without(spec.id()) : with(spec, new Status.Undefined());
    }

    Children without(String id) {
        return new Children(
                list.stream().filter(child -> !child.id().equals(id)).toList(), lastPid);
    }

    Children withLastPid(long number) {
        return new Children(list, number);
    }
}
