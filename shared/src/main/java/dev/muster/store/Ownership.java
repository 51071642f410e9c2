package dev.muster.store;

import dev.muster.store.OwnershipStore.Entered;
import dev.muster.store.OwnershipStore.Foreign;
import dev.muster.store.OwnershipStore.Intent;
import dev.muster.store.OwnershipStore.IntentRequest;
import dev.muster.store.OwnershipStore.Progress;
import dev.muster.store.OwnershipStore.Wish;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What one incarnation says about partitions and jobs: the two guards of the ownership protocol. Each call is one
 * statement, which happens at once or not at all. Every method throws {@link StoreException}; after {@code UNREACHABLE}
 * the statement may or may not have run, or may run later, which the census finds out. Thread-safe.
 */
public interface Ownership {

    /** Takes assigned partitions over, whoever had them before. One answer per partition. */
    List<TakeOver.Answer> takeOver(List<TakeOver> partitions);

    /**
     * Lowers a partition's epoch to ours, since the group was made anew and counts from the start again. Only for who
     * has read the group's epoch and found it below the stored one.
     *
     * @return false if the stored epoch was not {@code stored} any more
     */
    boolean resetEpoch(PartitionEpoch mine, int stored);

    /** Moves the position of a partition of ours to where Kafka's log is. False if it is not ours any more. */
    boolean resetPosition(PartitionEpoch mine, long offset);

    /**
     * Makes polled records durable. One answer per entry, in their order.
     *
     * @param shut job types that would be parked as soon as they start: they wait from the beginning
     * @param groups of which types more than one job of a key may start at once, and how many of each
     */
    List<Claim.Answer> claim(Claim claim, List<String> shut, Map<String, Integer> groups);

    /**
     * Running jobs of fenced incarnations in these partitions become ours; those that were convicted of killing their worker
     * are dead.
     *
     * @param holding the job types whose dead jobs hold their key, unless an operator has said otherwise
     */
    List<RunningJob> adopt(List<PartitionEpoch> partitions, List<String> holding);

    /** Starts waiting jobs that are due, at most {@code limit}. */
    List<RunningJob> startDue(List<PartitionEpoch> partitions, int limit);

    /** Per queue, how long until the first waiting job of these partitions is due; one where none has a time is left out. */
    Map<String, Duration> nextDue(List<PartitionEpoch> partitions);

    /**
     * Writes outcomes down. One answer per outcome, one for each job that starts because its key became free, in the order
     * of its key, and one more if slots of limits became free.
     *
     * @param keyed the partitions of keyed queues that we own, of those that the outcomes are from
     * @param holding the job types whose dead jobs hold their key, unless an operator has said otherwise
     */
    List<Settled> settle(List<Outcome> outcomes, List<PartitionEpoch> keyed, List<String> holding, Groups groups);

    /**
     * Runs of a group that have not begun, and will not: they wait behind their key again, which costs them nothing. Those
     * that are not ours any more are left alone.
     */
    void putBack(List<RunKey> runs);

    /**
     * Stores the idempotency keys of steps. No intent comes back for a job that is not ours any more, nor for one before
     * which another of its key still runs.
     */
    List<Intent> intend(List<IntentRequest> requests);

    /** All runs that are under way under this incarnation as far as is known. */
    List<RunKey> census();

    /**
     * Begins runs of ours again that have no thread, each under a new attempt: what was said of the run before, and may
     * still be on its way, counts for nothing from then on. Those come back that are ours; who stands behind another of its
     * key waits.
     */
    List<RunningJob> beginAgain(List<RunKey> runs);

    /**
     * Notes that the handler of a job that was lent to us is about to be entered. Empty if that was noted of this run
     * before, or if it is not ours any more.
     */
    Optional<RunningJob> enter(RunKey run);

    /** What is wished of the jobs that run under this incarnation. */
    List<Wish> wishes();

    /** Stores how far runs are. What is said of a job that is not ours any more is dropped. */
    void progress(List<Progress> news);

    /** Running jobs of others in these partitions. */
    List<Foreign> foreign(List<PartitionEpoch> partitions);

    /** Notes when handlers of adopted jobs were entered. */
    void entered(List<Entered> entries);

    /** True while a coordinator leads: then it alone decides who is dead. */
    boolean leaderIsFresh();

    /** Puts on record that our claims of these partitions were refused. */
    void rejectedClaim(List<PartitionEpoch> partitions);
}
