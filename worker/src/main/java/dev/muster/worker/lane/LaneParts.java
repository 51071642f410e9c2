package dev.muster.worker.lane;

import dev.muster.store.Ownership;
import dev.muster.store.OwnershipStore;
import dev.muster.store.PartitionEpoch;
import dev.muster.time.Ticker;
import dev.muster.worker.FaultPoint;
import dev.muster.worker.execution.Runner;
import dev.muster.worker.execution.Shares;
import dev.muster.worker.intake.Demand;
import dev.muster.worker.intake.Queues;
import dev.muster.worker.intake.SubmissionReader;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;

/**
 * What all lanes of a worker share.
 *
 * @param parked true for a job type whose circuit is open: its jobs would be parked as soon as they start
 * @param holding the job types whose dead jobs hold their key
 * @param early which jobs may begin before the one before them in their key is durable
 * @param quarantine jobs are lent to it: it starts them one after the other
 * @param cancelGrace how long a job that is to be cancelled may go on before it is interrupted
 */
public record LaneParts(
        Ownership store,
        Runner runner,
        Shares shares,
        Demand demand,
        Queues queues,
        SubmissionReader reader,
        Predicate<String> parked,
        List<String> holding,
        Early early,
        Watch watch,
        LaneMeters meters,
        FaultPoint.Listener faults,
        boolean quarantine,
        Duration cancelGrace,
        Ticker ticker) {
    public LaneParts {
        holding = List.copyOf(holding);
    }

    /**
     * Jobs of a key that are started at once.
     *
     * @param types those whose handlers let the next one begin before they are durable
     * @param within as many as are over within this time, by what runs of their type have taken
     */
    public record Early(List<String> types, Duration within) {
        public Early {
            types = List.copyOf(types);
        }
    }

    /** The circuits to the services outside. Thread-safe. */
    public interface Circuits {
        /** True while a job that needs this service would be parked at once. */
        boolean isOpenFor(String dependency);

        /** Name and state (closed, open, half_open) of each. */
        Map<String, String> states();
    }

    /** What a lane reports to the worker as a whole. Thread-safe; never waits. */
    public interface Watch {
        /** This incarnation is fenced: end the process. */
        void fenced();

        /** A foreign incarnation has running rows in our partitions and nobody has fenced it. */
        void suspicious(OwnershipStore.Foreign foreign);

        /** Postgres has a later epoch than ours for a partition; the group may have been made anew. */
        void overtaken(PartitionEpoch mine, int storedEpoch);

        /** Something that a human should know. */
        void incident(String kind, String subject, String summary);
    }
}
