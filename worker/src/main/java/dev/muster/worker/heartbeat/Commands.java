package dev.muster.worker.heartbeat;

import dev.muster.protocol.Command;
import dev.muster.protocol.CommandCodec;
import dev.muster.protocol.Topics;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.apache.kafka.clients.consumer.CloseOptions;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.PartitionInfo;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.WakeupException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Listens to what coordinators tell the workers, from now on. What is said there only makes things quick. */
public final class Commands implements Runnable {
    private static final Logger LOG = LoggerFactory.getLogger(Commands.class);
    private static final Duration POLL = Duration.ofSeconds(1);
    private static final Duration END = Duration.ofSeconds(1);

    private final org.apache.kafka.clients.consumer.Consumer<byte[], byte[]> reader;
    private final Consumer<Command> obey;
    private volatile boolean closed;

    public Commands(org.apache.kafka.clients.consumer.Consumer<byte[], byte[]> reader, Consumer<Command> obey) {
        this.reader = reader;
        this.obey = obey;
    }

    @Override
    public void run() {
        try {
            while (!closed) {
                listen();
            }
        } catch (WakeupException e) {
            // close() wants us to end.
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            reader.close(CloseOptions.timeout(END));
        }
    }

    /** Ends the loop. Thread-safe. */
    public void close() {
        closed = true;
        reader.wakeup();
    }

    private void listen() throws InterruptedException {
        try {
            if (reader.assignment().isEmpty()) {
                assign();
            } else {
                reader.poll(POLL)
                        .forEach(record -> CommandCodec.decode(record.value()).ifPresent(obey));
            }
        } catch (WakeupException e) {
            throw e;
        } catch (KafkaException e) {
            LOG.atDebug().log("Can't listen to commands now: {}", e.toString());
            TimeUnit.SECONDS.sleep(1);
        }
    }

    private void assign() throws InterruptedException {
        List<PartitionInfo> partitions = reader.partitionsFor(Topics.COMMANDS, POLL);
        if (partitions == null || partitions.isEmpty()) {
            TimeUnit.SECONDS.sleep(1); // no coordinator has made the topic yet
            return;
        }
        List<TopicPartition> all = partitions.stream()
                .map(p -> new TopicPartition(p.topic(), p.partition()))
                .toList();
        reader.assign(all);
        reader.seekToEnd(all);
    }
}
