package dev.muster.simulation;

import dev.muster.fleet.Incarnation;
import dev.muster.job.JobId;
import dev.muster.store.Claim;
import dev.muster.store.PartitionEpoch;
import dev.muster.store.RunningJob;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** An unfinished job in the model of Postgres: a row of job_waiting, or one of job_running. */
final class JobRow {
    /** For a due time: somebody ahead in the key has one. */
    static final long NEVER = Long.MAX_VALUE;

    final JobId id;
    final RunningJob.Place place;
    final String type;
    final Optional<String> key;
    final RunningJob.Times times;
    final RunningJob.Bytes bytes;
    final Optional<Integer> maxFailures;
    /** Null while it is scheduled. */
    @Nullable
    Long keyPosition;

    int attempt;
    int failures;
    int recoveries;

    // While it runs.
    @Nullable
    Incarnation incarnation;

    // While it waits.
    State state = State.READY;
    long dueAt;

    JobRow(Claim.Entry entry, PartitionEpoch partition, boolean keyed) {
        this.id = entry.id();
        this.place = new RunningJob.Place(partition.queue(), partition.partition(), entry.offset());
        this.type = entry.type();
        this.key = keyed ? entry.orderKey() : Optional.empty();
        this.times =
                new RunningJob.Times(entry.terms().submittedAt(), entry.terms().deadline());
        this.bytes = entry.bytes();
        this.maxFailures = entry.terms().maxFailures();
    }

    enum State {
        SCHEDULED,
        READY,
        PARKED,
        RETRYING,
        UNKNOWN
    }

    boolean isIn(PartitionEpoch partition) {
        return place.queue().equals(partition.queue()) && place.partition() == partition.partition();
    }

    boolean isBehindOrAt(JobRow other) {
        return place.queue().equals(other.place.queue()) && key.isPresent() && key.equals(other.key);
    }

    boolean isOf(Incarnation whom) {
        return whom.equals(incarnation);
    }

    RunningJob job() {
        return new RunningJob(
                id, type, attempt, place, key, new RunningJob.Budget(failures, recoveries, maxFailures), times, bytes);
    }
}
