package dev.muster.worker.heartbeat;

import dev.muster.fleet.Heartbeat;
import dev.muster.protocol.HeartbeatCodec;
import dev.muster.protocol.Topics;
import dev.muster.worker.FaultPoint;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Says every interval that this worker lives. A platform thread of its own, so that no starved carrier silences it. A
 * heartbeat that can't be sent is not sent later: the next one is fresher.
 */
public final class Heartbeats implements Runnable {
    private static final Logger LOG = LoggerFactory.getLogger(Heartbeats.class);

    private static final Duration LAST_WORDS = Duration.ofMillis(500);

    private final Producer<byte[], byte[]> producer;
    private final Supplier<Heartbeat> heartbeat;
    private final Duration interval;
    private final FaultPoint.Listener faults;

    /**
     * A sender; {@link #run} is its thread, and ends when that is interrupted.
     *
     * @param heartbeat makes the next heartbeat
     */
    public Heartbeats(
            Producer<byte[], byte[]> producer,
            Supplier<Heartbeat> heartbeat,
            Duration interval,
            FaultPoint.Listener faults) {
        this.producer = producer;
        this.heartbeat = heartbeat;
        this.interval = interval;
        this.faults = faults;
    }

    @Override
    public void run() {
        Duration patience = Duration.ZERO; // one that breaks down owes nobody a last heartbeat
        try {
            while (!Thread.currentThread().isInterrupted()) {
                faults.reached(FaultPoint.HEARTBEAT);
                send(heartbeat.get());
                TimeUnit.NANOSECONDS.sleep(interval.toNanos());
            }
            patience = LAST_WORDS;
        } catch (InterruptedException e) {
            patience = LAST_WORDS;
            Thread.currentThread().interrupt();
        } finally {
            // With it set, the producer would refuse to wait for its own thread.
            boolean interrupted = Thread.interrupted();
            producer.close(patience);
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private void send(Heartbeat beat) {
        byte[] key = beat.incarnation().worker().getBytes(StandardCharsets.UTF_8);
        try {
            Future<?> _ = producer.send(
                    new ProducerRecord<>(Topics.HEARTBEATS, key, HeartbeatCodec.encode(beat)), (sent, trouble) -> {
                        if (trouble != null) {
                            LOG.atDebug().log("A heartbeat was not sent: {}", trouble.toString());
                        }
                    });
        } catch (KafkaException e) {
            LOG.atDebug().log("A heartbeat was not sent: {}", e.toString());
        }
    }
}
