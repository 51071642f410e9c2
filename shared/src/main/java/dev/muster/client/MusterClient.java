package dev.muster.client;

import dev.muster.config.Setting;
import dev.muster.config.Settings;
import dev.muster.job.JobId;
import dev.muster.job.JobOutcome;
import dev.muster.job.NewJob;
import dev.muster.kafka.KafkaClients;
import dev.muster.protocol.Submission;
import dev.muster.time.Ticker;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.apache.kafka.clients.producer.Producer;

/**
 * Submits jobs and learns how they end. Submissions go to the queue's topic, outcomes come from {@code muster.events}; both
 * by Kafka, no server of Muster's own is asked.
 *
 * <p>Memory is bounded: the producer's buffer holds 32 MB of unsent jobs, after which {@link #submit} waits; at most
 * {@link Options#maxWaiting} outcomes are waited for, after which {@link #call} refuses. What depends on its futures runs on
 * virtual threads and may block. Thread-safe. Closing it sends what was handed over, for at most 30 s, and gives up waiting
 * for outcomes.
 */
public final class MusterClient implements AutoCloseable {
    private static final Duration CLOSE_LIMIT = Duration.ofSeconds(30);

    private final Options options;
    private final int maxBytes;
    private final Ticker ticker;
    private final Producer<byte[], byte[]> producer;
    private final QueueLook queues;
    private final Outcomes outcomes;
    private final ExecutorService callbacks = Executors.newVirtualThreadPerTaskExecutor();

    private MusterClient(Settings settings, Options options) {
        KafkaClients clients = new KafkaClients(settings);
        this.options = options;
        this.maxBytes = settings.integer(Setting.RECORD_MAX_BYTES, 1, Integer.MAX_VALUE);
        this.ticker = Ticker.system();
        this.producer = clients.producer(options.clientId());
        this.queues = new QueueLook(clients, options.clientId());
        this.outcomes = new Outcomes(clients, options, ticker, callbacks);
    }

    /**
     * How a client behaves.
     *
     * @param clientId its name in Kafka's logs and quotas
     * @param source where its jobs come from, with their id their identity
     * @param maxWaiting so many outcomes are waited for at once at most, from 1
     * @param lookBack how far back it looks for the outcome of a job that may have ended before it was asked for; at most
     *     the retention of {@code muster.events}, which is 7 days
     */
    public record Options(String clientId, String source, int maxWaiting, Duration lookBack) {
        public Options {
            if (source.isEmpty()) {
                throw new IllegalArgumentException("source is empty");
            }
            if (maxWaiting < 1) {
                throw new IllegalArgumentException("maxWaiting is below 1: " + maxWaiting);
            }
            if (lookBack.isNegative()) {
                throw new IllegalArgumentException("lookBack is negative: " + lookBack);
            }
        }

        /** Of a client with this source: 100,000 outcomes at once, and an hour back. */
        public static Options of(String source) {
            return new Options("muster-client", source, 100_000, Duration.ofHours(1));
        }
    }

    /**
     * A client of the Kafka at these servers. Does not connect yet.
     *
     * @param bootstrap host:port, comma-separated
     * @param source where its jobs come from, such as {@code /shop}
     */
    public static MusterClient connect(String bootstrap, String source) {
        return open(Settings.of(Map.of(Setting.KAFKA_BOOTSTRAP.key(), bootstrap)), Options.of(source));
    }

    /** A client by settings, of which those of Kafka and {@code muster.record.max-bytes} are used. */
    public static MusterClient open(Settings settings, Options options) {
        return new MusterClient(settings, options);
    }

    /**
     * Submits a job.
     *
     * @return done when Kafka has it on all its replicas
     * @throws IllegalArgumentException if it can be no job: its payload is no JSON or too large, an attribute is wrong, or
     *     there is no such queue
     */
    public CompletableFuture<JobId> submit(String queue, NewJob job) {
        return send(queue, submission(job));
    }

    /**
     * Submits jobs, in their order, as fast as Kafka takes them.
     *
     * @return done when Kafka has all of them; failed with the first that it refused
     * @throws IllegalArgumentException as {@link #submit}, before any of them is sent
     */
    public CompletableFuture<List<JobId>> submitAll(String queue, List<NewJob> jobs) {
        List<Submission> submissions = jobs.stream().map(this::submission).toList();
        List<CompletableFuture<JobId>> accepted =
                submissions.stream().map(submission -> send(queue, submission)).toList();
        return CompletableFuture.allOf(accepted.toArray(CompletableFuture[]::new))
                .thenApply(_ -> accepted.stream().map(CompletableFuture::join).toList());
    }

    /**
     * Submits a job and waits, without holding a thread, for how it ends. The first call opens the reader of
     * {@code muster.events}, at its end and before anything is sent, so no outcome can be missed; a job with an id of the
     * caller's may have ended earlier, and its outcome is looked for as {@link #outcome} does.
     *
     * @param within when its outcome fails with a {@code TimeoutException}; the job goes on
     * @throws IllegalArgumentException as {@link #submit}
     * @throws IllegalStateException if as many outcomes are waited for as {@link Options#maxWaiting} allows
     * @throws org.apache.kafka.common.KafkaException if {@code muster.events} can't be read
     */
    public Submitted call(String queue, NewJob job, Duration within) {
        Submission submission = submission(job);
        queues.require(queue);
        CompletableFuture<JobOutcome> outcome =
                outcomes.await(submission.jobId(), within, job.id().isPresent());
        CompletableFuture<JobId> accepted;
        try {
            accepted = send(queue, submission);
        } catch (RuntimeException e) {
            outcome.cancel(false);
            throw e;
        }
        var _ = accepted.whenComplete((_, failure) -> {
            if (failure != null) {
                outcome.completeExceptionally(failure);
            }
        });
        return new Submitted(submission.jobId(), accepted, outcome);
    }

    /**
     * How a job ends that was submitted by anybody, or has ended within {@link Options#lookBack}. A job that was dead and
     * was redriven has an outcome each time; this is the last one there is, or the next.
     *
     * @throws IllegalStateException as {@link #call}
     * @throws org.apache.kafka.common.KafkaException as {@link #call}
     */
    public CompletableFuture<JobOutcome> outcome(JobId id, Duration within) {
        return outcomes.await(id, within, true);
    }

    @Override
    public void close() {
        producer.close(CLOSE_LIMIT);
        outcomes.close();
        callbacks.close();
    }

    private Submission submission(NewJob job) {
        Submission submission = Submission.of(
                options.source(), job.id().orElseGet(() -> UUID.randomUUID().toString()), job, ticker.now());
        submission.problem(maxBytes).ifPresent(problem -> {
            throw new IllegalArgumentException("a job of type " + job.type() + " can't be submitted: " + problem);
        });
        return submission;
    }

    private CompletableFuture<JobId> send(String queue, Submission submission) {
        queues.require(queue);
        CompletableFuture<JobId> accepted = new CompletableFuture<>();
        var _ = producer.send(
                submission.toRecord(queue),
                (_, failure) -> callbacks.execute(() -> {
                    if (failure == null) {
                        accepted.complete(submission.jobId());
                    } else {
                        accepted.completeExceptionally(failure);
                    }
                }));
        return accepted;
    }
}
