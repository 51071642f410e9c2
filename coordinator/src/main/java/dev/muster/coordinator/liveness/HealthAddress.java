package dev.muster.coordinator.liveness;

import dev.muster.store.FleetStore.ProcessFacts;
import java.util.Optional;

/** Where a worker's health port is. */
public record HealthAddress(String host, int port) {

    /** Empty until the process has registered itself. */
    public static Optional<HealthAddress> of(ProcessFacts facts) {
        return facts.healthHost() == null || facts.healthPort() == null
                ? Optional.empty()
                : Optional.of(new HealthAddress(facts.healthHost(), facts.healthPort()));
    }
}
