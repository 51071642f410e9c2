package dev.muster.bench;

import dev.muster.bench.handler.Order;
import dev.muster.config.Settings;
import dev.muster.kafka.KafkaClients;
import dev.muster.protocol.Json;
import dev.muster.protocol.Submission;
import dev.muster.worker.payments.PaymentCharge;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.IntUnaryOperator;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;

/** Submits the jobs of a run. The same seed makes the same jobs. Confined to one thread. */
public final class Load {
    static final int KEYS = 10_000;
    private static final int SEED = 20_26;

    private final Workload workload;
    private final String source;
    private final SplittableRandom random = new SplittableRandom(SEED);
    private final IntUnaryOperator key;
    private final Map<String, String> attributes;

    /**
     * Jobs of one kind.
     *
     * @param source tells the jobs of one run from those of another
     */
    public Load(Workload workload, String source) {
        this(workload, source, Optional.empty());
    }

    /** The same, none of which starts before a moment. */
    Load(Workload workload, String source, Optional<Instant> due) {
        this.attributes = due.map(at -> Map.of("musterrunat", at.toString())).orElse(Map.of());
        this.workload = workload;
        this.source = source;
        this.key = workload.isKeyed() ? zipf(random) : random::nextInt;
    }

    private static IntUnaryOperator zipf(SplittableRandom random) {
        Zipf zipf = new Zipf(KEYS);
        return _ -> zipf.next(random);
    }

    /** Submits the first {@code jobs} of them and returns when Kafka has them all. */
    public void preload(Settings settings, String queue, long jobs) {
        try (Producer<byte[], byte[]> producer = new KafkaClients(settings).producer("muster-bench-load")) {
            AtomicReference<Exception> trouble = new AtomicReference<>();
            for (long i = 0; i < jobs; i++) {
                var _ = producer.send(record(queue, i), (_, failed) -> {
                    if (failed != null) {
                        trouble.set(failed);
                    }
                });
            }
            producer.flush();
            if (trouble.get() != null) {
                throw new IllegalStateException("Kafka does not have all of them", trouble.get());
            }
        }
    }

    /** The record of one job. */
    public ProducerRecord<byte[], byte[]> record(String queue, long number) {
        return record(queue, number, workload.type(), workload.amount());
    }

    /** The same with another handler. */
    public ProducerRecord<byte[], byte[]> record(String queue, long number, String type, long amount) {
        String customer = "cus_" + key.applyAsInt(KEYS);
        byte[] data = payload(number, customer, amount);
        return new Submission(source, Long.toString(number), type, Optional.of(customer), data, attributes)
                .toRecord(queue);
    }

    private byte[] payload(long number, String customer, long amount) {
        if (workload == Workload.PAYMENTS) {
            return Json.MAPPER.writeValueAsBytes(new PaymentCharge(amount, "eur", customer, "pm_card_visa"));
        }
        int empty = Json.MAPPER.writeValueAsBytes(new Order(number, customer, amount, "eur", "")).length;
        String note = "x".repeat(Math.max(0, workload.bytes() - empty));
        return Json.MAPPER
                .writeValueAsString(new Order(number, customer, amount, "eur", note))
                .getBytes(StandardCharsets.UTF_8);
    }
}
