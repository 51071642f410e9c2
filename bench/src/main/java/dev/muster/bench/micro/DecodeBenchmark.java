package dev.muster.bench.micro;

import dev.muster.bench.Load;
import dev.muster.bench.Workload;
import dev.muster.job.Ordering;
import dev.muster.job.Queue;
import dev.muster.store.Claim;
import dev.muster.worker.intake.SubmissionReader;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.record.TimestampType;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/** A polled record becomes an entry of a claim. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class DecodeBenchmark {
    private static final Load LOAD = new Load(Workload.NOOP, "micro");

    private final Queue queue = new Queue("bench", Ordering.NONE, "bench", 8, Optional.empty(), false);
    private final UUID topic = UUID.randomUUID();
    private final SubmissionReader reader = new SubmissionReader(262_144, _ -> true);
    private final ConsumerRecord<byte[], byte[]> record = record(1);

    static ConsumerRecord<byte[], byte[]> record(long number) {
        ProducerRecord<byte[], byte[]> sent = LOAD.record("bench", number);
        return new ConsumerRecord<>(
                sent.topic(),
                0,
                number,
                1_790_000_000_000L,
                TimestampType.CREATE_TIME,
                sent.key().length,
                sent.value().length,
                sent.key(),
                sent.value(),
                sent.headers(),
                Optional.empty());
    }

    @Benchmark
    public Claim.Entry decode() {
        return reader.read(0, record, queue, topic);
    }
}
