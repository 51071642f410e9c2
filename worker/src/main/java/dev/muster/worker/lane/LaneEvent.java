package dev.muster.worker.lane;

import dev.muster.job.JobId;
import dev.muster.store.Outcome;
import dev.muster.store.OwnershipStore.Entered;
import dev.muster.store.OwnershipStore.Intent;
import dev.muster.store.OwnershipStore.IntentRequest;
import dev.muster.store.PartitionEpoch;
import dev.muster.worker.execution.Run;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/** What a lane is told by other threads. */
public sealed interface LaneEvent {

    /** The group assigned these partitions to us. */
    record Assigned(List<PartitionEpoch> partitions) implements LaneEvent {}

    /** These partitions, as they were assigned, are not ours any more: nothing of them may be started. */
    record Released(List<PartitionEpoch> partitions) implements LaneEvent {}

    /**
     * Records of one partition, in order.
     *
     * @param seek of {@link IntakePort#resume}
     */
    record Polled(PartitionEpoch partition, int seek, List<ConsumerRecord<byte[], byte[]>> records)
            implements LaneEvent {}

    /** Kafka's log of a partition of ours does not reach to its position; it goes on at {@code offset}. */
    record LogReset(PartitionEpoch partition, long position, long offset) implements LaneEvent {}

    /**
     * A run has an outcome.
     *
     * @param took in ns
     * @param back those behind it in its group, which have not begun and will not
     */
    record Ended(Run run, Outcome outcome, long took, List<Run> back) implements LaneEvent {}

    /** A run has none, and {@code back} as above. */
    record Dropped(Run run, List<Run> back) implements LaneEvent {}

    record HandlerEntered(Entered entered) implements LaneEvent {}

    record Intending(IntentRequest request, CompletableFuture<Optional<Intent>> answer) implements LaneEvent {}

    /** Somebody wishes this job cancelled; whoever runs it reads the wish. */
    record CancelWished(JobId job) implements LaneEvent {}

    /** Somebody was fenced: look for running rows of others now. */
    record ScanNow() implements LaneEvent {}

    /** There is an executor again: what has a row and no thread can be started. */
    record RunnerReady() implements LaneEvent {}

    /** Slots are left for what lies ready here. */
    record SlotsLeft() implements LaneEvent {}

    /** The queues were looked at again: a pause may have begun or ended, a topic may be known to be the same. */
    record QueuesSeen() implements LaneEvent {}
}
