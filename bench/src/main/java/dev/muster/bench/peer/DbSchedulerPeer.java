package dev.muster.bench.peer;

import com.github.kagkarlsson.scheduler.Scheduler;
import com.github.kagkarlsson.scheduler.serializer.Serializer;
import com.github.kagkarlsson.scheduler.task.helper.CustomTask;
import com.github.kagkarlsson.scheduler.task.helper.Tasks;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.stream.LongStream;
import javax.sql.DataSource;

/** db-scheduler: due rows, locked and fetched in batches, removed one by one as its one-time tasks are. */
public final class DbSchedulerPeer {
    private static final int THREADS = 20;
    private static final double LOWER = 4;
    private static final double UPPER = 20;

    private DbSchedulerPeer() {}

    /** Arguments: queue, jobs, file for the timeline, {@code load} to fill the table or {@code run}. */
    public static void main(String[] args) throws Exception {
        Peer peer = Peer.of(args);
        DataSource pool = peer.pool(THREADS);
        CustomTask<String> task = Tasks.custom("noop", String.class).execute((instance, context) -> {
            peer.completions().begin();
            return (complete, operations) -> {
                operations.remove();
                peer.completions().done(1);
            };
        });
        if (peer.mode().equals("load")) {
            Peer.execute(pool, PeerSql.CREATE_SCHEDULED_TASKS);
            scheduler(pool, task)
                    .scheduleBatch(
                            LongStream.range(0, peer.jobs())
                                    .mapToObj(i -> task.instance(Long.toString(i), Payload.of(i))),
                            Instant.EPOCH);
            System.exit(0);
        }
        scheduler(pool, task).start();
    }

    private static Scheduler scheduler(DataSource pool, CustomTask<String> task) {
        return Scheduler.create(pool, task)
                .threads(THREADS)
                .pollUsingLockAndFetch(LOWER, UPPER)
                .pollingInterval(Duration.ofSeconds(1))
                .serializer(new Text())
                .build();
    }

    /** Cheaper than Java's own serialization, which is its default. */
    private static final class Text implements Serializer {
        @Override
        public byte[] serialize(Object data) {
            return data.toString().getBytes(StandardCharsets.UTF_8);
        }

        @Override
        public <T> T deserialize(Class<T> type, byte[] bytes) {
            return type.cast(new String(bytes, StandardCharsets.UTF_8));
        }
    }
}
