package dev.muster.coordinator.liveness;

import java.util.Locale;

/** What the coordinator thinks of a worker. */
public enum WorkerStatus {
    /** Minted, not heard yet. Left by its first heartbeat, or as lost when its start window is over. */
    STARTING,
    /** Heard within the suspect threshold. */
    HEALTHY,
    /** Silent for longer; its health port is being asked. Left by a heartbeat, or as lost on two facts. */
    SUSPECT,
    /** Silent for too long, and nothing answers: handed over to recovery. Left when its incarnation is fenced. */
    LOST;

    public String wireName() {
        return name().toLowerCase(Locale.ROOT);
    }
}
