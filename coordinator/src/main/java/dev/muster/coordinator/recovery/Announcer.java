package dev.muster.coordinator.recovery;

import dev.muster.protocol.Command;

/** Tells all workers something; a hint that makes things quick, so it neither waits nor fails. */
@FunctionalInterface
public interface Announcer {
    void announce(Command command);
}
