package dev.muster.local.drill;

import java.util.List;
import java.util.Map;

/**
 * What a round came to. Immutable.
 *
 * @param figures in milliseconds; what is not there was not to be measured
 * @param interrupted runs of jobs that the fault cut short
 * @param violations what must not have happened
 * @param notes where a figure comes from
 */
record RoundResult(Map<Figure, Long> figures, int interrupted, List<String> violations, List<String> notes) {
    RoundResult {
        figures = Map.copyOf(figures);
        violations = List.copyOf(violations);
        notes = List.copyOf(notes);
    }
}
