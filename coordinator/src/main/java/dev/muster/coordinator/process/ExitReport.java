package dev.muster.coordinator.process;

import dev.muster.fleet.ExitCode;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * How a worker's process ended.
 *
 * @param code its exit code; of a process that an earlier coordinator had started, what its exit file says; else empty
 * @param reason what it has said itself about its end; empty for one that was killed
 * @param lastLines of its log, oldest first
 */
public record ExitReport(OptionalInt code, Optional<String> reason, List<String> lastLines) {
    public ExitReport {
        lastLines = List.copyOf(lastLines);
    }

    /** Of a process that was never started. */
    public static ExitReport notStarted(String why) {
        return new ExitReport(OptionalInt.empty(), Optional.of(why), List.of());
    }

    /** True for exactly this code. */
    public boolean is(ExitCode expected) {
        return code.isPresent() && code.getAsInt() == expected.code();
    }

    /** In a few words, such as {@code exit code 1: lane-0: java.lang.OutOfMemoryError}. */
    public String describe() {
        String what = code.isPresent() ? "exit code " + code.getAsInt() : "exit code unknown";
        return reason.map(why -> what + ": " + why).orElse(what);
    }
}
