package dev.muster.local.drill;

import java.time.Instant;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/**
 * A fault that has happened. Immutable.
 *
 * @param at when it began, by this machine's clock, which all processes of the stack share
 * @param victims incarnations that may end of it, and whose jobs it interrupts; whoever is not among them has to live on
 * @param returned when a server that it took away was in service again
 * @param own what the fault has measured itself
 * @param violations what it has seen that must not be
 */
record Injection(
        Instant at, Set<String> victims, Optional<Instant> returned, Map<Figure, Long> own, List<String> violations) {
    Injection {
        victims = Set.copyOf(victims);
        own = Map.copyOf(own);
        violations = List.copyOf(violations);
    }

    /** One that kills. */
    static Injection of(Instant at, Set<String> victims) {
        return new Injection(at, victims, Optional.empty(), Map.of(), List.of());
    }

    /** One that nobody may die of. */
    static Injection harmless(Instant at) {
        return of(at, Set.of());
    }

    Injection with(Figure figure, long millis) {
        Map<Figure, Long> more = new EnumMap<>(Figure.class);
        more.putAll(own);
        more.put(figure, millis);
        return new Injection(at, victims, returned, more, violations);
    }

    Injection returned(Instant when) {
        return new Injection(at, victims, Optional.of(when), own, violations);
    }

    Injection with(List<String> found) {
        List<String> all = Stream.concat(violations.stream(), found.stream()).toList();
        return new Injection(at, victims, returned, own, all);
    }
}
