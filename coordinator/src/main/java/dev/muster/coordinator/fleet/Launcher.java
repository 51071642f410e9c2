package dev.muster.coordinator.fleet;

import dev.muster.coordinator.process.ExitReport;
import dev.muster.coordinator.process.WorkerProcess;
import dev.muster.fleet.Incarnation;
import dev.muster.store.FleetStore.LiveIncarnation;
import java.io.IOException;
import java.util.List;
import java.util.Optional;

/** Starts the processes of workers, or leaves that to others. Thread-safe. */
public interface Launcher {

    /** The names of the workers that this launcher keeps running. */
    List<String> workers();

    /** The name of the worker that runs suspects alone, started when there are some; empty where none can be. */
    Optional<String> quarantine();

    /**
     * Starts the process of an incarnation that was minted for it.
     *
     * @throws IOException if the operating system can't
     */
    WorkerProcess start(Incarnation incarnation) throws IOException;

    /** The process of a recorded life, if it is one of this host. */
    Lookup find(LiveIncarnation recorded);

    /** A time of leading begins: it may keep processes ready beside the workers. */
    void admitSpares();

    /** It is over: they end. */
    void dismissSpares();

    /** What can be found out about a recorded life. */
    sealed interface Lookup {
        /** It runs here, or has just ended and its exit is told. */
        record Here(WorkerProcess process) implements Lookup {}

        /** It ran here and has ended. */
        record Gone(ExitReport report) implements Lookup {}

        /** It runs elsewhere, or its process was not recorded yet: only its heartbeats tell. */
        record Unknown() implements Lookup {}
    }

    /** For workers that others start: compose, Kubernetes, an operator. */
    static Launcher external() {
        return new Launcher() {
            @Override
            public List<String> workers() {
                return List.of();
            }

            @Override
            public Optional<String> quarantine() {
                return Optional.empty();
            }

            @Override
            public WorkerProcess start(Incarnation incarnation) {
                throw new IllegalStateException("the external launcher starts nothing, not even " + incarnation);
            }

            @Override
            public Lookup find(LiveIncarnation recorded) {
                return new Lookup.Unknown();
            }

            @Override
            public void admitSpares() {}

            @Override
            public void dismissSpares() {}
        };
    }
}
