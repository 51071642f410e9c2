package dev.muster.bench.peer;

import io.confluent.parallelconsumer.ParallelConsumerOptions;
import io.confluent.parallelconsumer.ParallelStreamProcessor;
import javax.sql.DataSource;

/** Confluent's Parallel Consumer with an INSERT for each job. */
public final class ParallelConsumerPeer {
    private static final int CONCURRENCY = 256;
    private static final int CONNECTIONS = 16;

    private ParallelConsumerPeer() {}

    /** Arguments: queue, jobs, file for the timeline, {@code keyed} for order per key. */
    public static void main(String[] args) throws Exception {
        Peer peer = Peer.of(args);
        DataSource pool = peer.pool(CONNECTIONS);
        Peer.execute(pool, PeerSql.CREATE_DONE);
        ParallelConsumerOptions<byte[], byte[]> options = ParallelConsumerOptions.<byte[], byte[]>builder()
                .consumer(peer.consumer("classic", 500))
                .ordering(
                        peer.mode().equals("keyed")
                                ? ParallelConsumerOptions.ProcessingOrder.KEY
                                : ParallelConsumerOptions.ProcessingOrder.UNORDERED)
                .maxConcurrency(CONCURRENCY)
                .commitMode(ParallelConsumerOptions.CommitMode.PERIODIC_CONSUMER_ASYNCHRONOUS)
                // It looks into a field that newer clients don't have.
                .ignoreReflectiveAccessExceptionsForAutoCommitDisabledCheck(true)
                .build();
        ParallelStreamProcessor<byte[], byte[]> processor = ParallelStreamProcessor.createEosStreamProcessor(options);
        processor.subscribe(Peer.topics(peer.queue()));
        processor.poll(context -> peer.store(pool, context.getSingleConsumerRecord()));
    }
}
