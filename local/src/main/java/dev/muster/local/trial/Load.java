package dev.muster.local.trial;

import dev.muster.job.JobId;
import dev.muster.local.CommandException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.kafka.clients.producer.Producer;
import org.jspecify.annotations.Nullable;

/**
 * A trial's submissions: sends each when it is due and notes what Kafka has acknowledged.
 *
 * <p>Thread-safety: sending is confined to one thread; {@code acknowledged} is guarded by itself, since the answers come
 * on the producer's thread.
 */
public final class Load {
    private final PaymentJobs jobs;
    private final Pacing pacing;
    private final int total;
    private final Producer<byte[], byte[]> producer;
    private final List<Evidence.Submitted> acknowledged = new ArrayList<>();
    private final AtomicReference<@Nullable Exception> failure = new AtomicReference<>();
    /** Written by the one thread that sends. */
    private volatile int sent;

    /**
     * Sends nothing yet.
     *
     * @param total how many at most
     */
    public Load(PaymentJobs jobs, Pacing pacing, int total, Producer<byte[], byte[]> producer) {
        this.jobs = jobs;
        this.pacing = pacing;
        this.total = total;
        this.producer = producer;
    }

    /**
     * Sends what is due by now.
     *
     * @param most so many in all for now
     * @throws CommandException as {@link #check} does
     */
    public void sendDue(long elapsedNanos, long most) {
        check();
        long due = Math.min(Math.min(most, total), pacing.due(elapsedNanos));
        for (int next = sent; next < due; next++) {
            send(jobs.next(next));
            sent = next + 1;
        }
    }

    /**
     * Looks whether Kafka has taken what it has answered so far.
     *
     * @throws CommandException when it has refused a job for good: what came of it nobody could audit
     */
    public void check() {
        Exception refused = failure.get();
        if (refused != null) {
            throw CommandException.failed("Kafka did not take a job of the trial: " + refused);
        }
    }

    /** How many were sent so far, whether Kafka has them or not. */
    public int sentCount() {
        return sent;
    }

    /** Whether all that was sent so far is acknowledged. */
    public boolean isAcknowledged() {
        return acknowledgedCount() == sent;
    }

    public boolean isComplete() {
        return acknowledgedCount() == total;
    }

    public List<Evidence.Submitted> acknowledged() {
        synchronized (acknowledged) {
            return List.copyOf(acknowledged);
        }
    }

    public int acknowledgedCount() {
        synchronized (acknowledged) {
            return acknowledged.size();
        }
    }

    private void send(PaymentJobs.Job job) {
        Evidence.Submitted submitted = new Evidence.Submitted(
                JobId.of(job.submission().source(), job.submission().id()), job.queue(), job.orderKey());
        var _ = producer.send(job.submission().toRecord(job.queue()), (_, refused) -> {
            if (refused != null) {
                failure.compareAndSet(null, refused);
                return;
            }
            synchronized (acknowledged) {
                acknowledged.add(submitted);
            }
        });
    }
}
