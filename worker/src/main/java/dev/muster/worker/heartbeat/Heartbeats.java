package dev.muster.worker.heartbeat;

import dev.muster.fleet.Heartbeat;
import dev.muster.protocol.HeartbeatCodec;
import dev.muster.protocol.Topics;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.LongFunction;
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

    private final Producer<byte[], byte[]> producer;
    private final LongFunction<Heartbeat> heartbeat;
    private final Duration interval;
    private volatile boolean closed;

    /**
     * A sender; {@link #run} is its thread.
     *
     * @param heartbeat makes the heartbeat with the given sequence number
     */
    public Heartbeats(Producer<byte[], byte[]> producer, LongFunction<Heartbeat> heartbeat, Duration interval) {
        this.producer = producer;
        this.heartbeat = heartbeat;
        this.interval = interval;
    }

    @Override
    public void run() {
        long sequence = 0;
        try {
            while (!closed) {
                send(heartbeat.apply(++sequence));
                TimeUnit.NANOSECONDS.sleep(interval.toNanos());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            producer.close(Duration.ofMillis(500));
        }
    }

    public void close() {
        closed = true;
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
