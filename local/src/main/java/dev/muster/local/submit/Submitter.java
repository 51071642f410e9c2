package dev.muster.local.submit;

import dev.muster.kafka.KafkaClients;
import dev.muster.local.CommandException;
import dev.muster.protocol.Submission;
import dev.muster.protocol.Topics;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.producer.Callback;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;

/** Sends submissions to one queue's topic, as fast as Kafka takes them. Thread-safe. */
public final class Submitter implements AutoCloseable {
    private static final Duration CONNECT_LIMIT = Duration.ofSeconds(5);
    private static final Duration CLOSE_LIMIT = Duration.ofMinutes(2);

    private final String queue;
    private final Producer<byte[], byte[]> producer;

    private Submitter(String queue, Producer<byte[], byte[]> producer) {
        this.queue = queue;
        this.producer = producer;
    }

    /**
     * Opens a way to a queue, after a look whether it is there: a producer would wait a minute for a topic that is not.
     *
     * @throws CommandException if Kafka does not answer within 5 s or has no such queue
     */
    public static Submitter open(KafkaClients clients, String queue) {
        try (Admin admin = clients.admin("muster-cli-look")) {
            admin.describeTopics(Set.of(Topics.jobs(queue)))
                    .allTopicNames()
                    .get(CONNECT_LIMIT.toMillis(), TimeUnit.MILLISECONDS);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof UnknownTopicOrPartitionException) {
                throw CommandException.failed("there is no queue " + queue + " at " + clients.bootstrap()
                        + "; make it with: muster queue create " + queue
                        + " --ordering none");
            }
            throw unreachable(clients, String.valueOf(e.getCause()));
        } catch (TimeoutException e) {
            throw unreachable(clients, "no answer within " + CONNECT_LIMIT.toSeconds() + " s");
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw CommandException.failed("interrupted while looking for queue " + queue + "; nothing was sent");
        }
        return new Submitter(queue, clients.producer("muster-cli"));
    }

    /** Hands a submission to the producer. {@code callback} gets to know whether Kafka has it on all replicas. */
    public void send(Submission submission, Callback callback) {
        var _ = producer.send(submission.toRecord(queue), callback);
    }

    /**
     * Sends one submission and waits for the answer.
     *
     * @return why Kafka did not take it; empty: it is on all its replicas
     */
    public Optional<String> sendOne(Submission submission) {
        CompletableFuture<Optional<String>> answer = new CompletableFuture<>();
        send(
                submission,
                (_, failure) -> answer.complete(Optional.ofNullable(failure).map(Exception::toString)));
        flush();
        return answer.join();
    }

    /** Returns when every submission so far is answered. */
    public void flush() {
        producer.flush();
    }

    @Override
    public void close() {
        producer.close(CLOSE_LIMIT);
    }

    private static CommandException unreachable(KafkaClients clients, String why) {
        return CommandException.failed("can't reach Kafka at " + clients.bootstrap() + " (" + why
                + "); nothing was sent. Start the stack with: muster up");
    }
}
