package dev.muster.coordinator.process;

import java.util.List;
import java.util.OptionalInt;

/**
 * How a worker's process ended.
 *
 * @param code its exit code; empty for a process that an earlier coordinator had started
 * @param lastLines of its log, oldest first
 */
public record ExitReport(OptionalInt code, List<String> lastLines) {
    public ExitReport {
        lastLines = List.copyOf(lastLines);
    }
}
