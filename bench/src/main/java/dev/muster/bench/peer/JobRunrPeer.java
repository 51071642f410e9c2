package dev.muster.bench.peer;

import dev.muster.bench.trial.Completions;
import java.time.Duration;
import java.util.List;
import java.util.stream.LongStream;
import javax.sql.DataSource;
import org.jobrunr.configuration.JobRunr;
import org.jobrunr.configuration.JobRunrConfiguration;
import org.jobrunr.jobs.Job;
import org.jobrunr.jobs.lambdas.JobRequest;
import org.jobrunr.jobs.lambdas.JobRequestHandler;
import org.jobrunr.jobs.states.StateName;
import org.jobrunr.server.BackgroundJobServerConfiguration;
import org.jobrunr.storage.sql.postgres.PostgresStorageProvider;

/** JobRunr, its open-source edition: enqueued rows, fetched by its background job server. */
public final class JobRunrPeer {
    private static final int WORKERS = 128;
    private static final int CONNECTIONS = 20;
    private static final int BATCH = 1_000;

    private JobRunrPeer() {}

    /** Arguments: queue, jobs, file for the timeline, {@code load} to fill the table or {@code run}. */
    public static void main(String[] args) {
        Peer peer = Peer.of(args);
        DataSource pool = peer.pool(CONNECTIONS);
        JobRunrConfiguration configuration =
                JobRunr.configure().useStorageProvider(new Counting(pool, peer.completions()));
        if (peer.mode().equals("load")) {
            var scheduler = configuration.initialize().getJobRequestScheduler();
            for (long from = 0; from < peer.jobs(); from += BATCH) {
                scheduler.enqueue(LongStream.range(from, Math.min(peer.jobs(), from + BATCH))
                        .mapToObj(i -> new Noop(Payload.of(i))));
            }
            System.exit(0);
        }
        var _ = configuration
                .useBackgroundJobServer(BackgroundJobServerConfiguration.usingStandardBackgroundJobServerConfiguration()
                        .andWorkerCount(WORKERS)
                        .andPollInterval(Duration.ofSeconds(5))) // the least that it takes
                .initialize();
    }

    /** Its job. */
    public record Noop(String payload) implements JobRequest {
        @Override
        public Class<Handler> getJobRequestHandler() {
            return Handler.class;
        }
    }

    /** Does nothing. */
    public static final class Handler implements JobRequestHandler<Noop> {
        @Override
        public void run(Noop job) {
            // What is measured is what JobRunr does around it.
        }
    }

    /** A job is done when its state is stored. */
    private static final class Counting extends PostgresStorageProvider {
        private final Completions completions;

        Counting(DataSource pool, Completions completions) {
            super(pool);
            this.completions = completions;
        }

        @Override
        public Job save(Job job) {
            Job saved = super.save(job);
            count(List.of(saved));
            return saved;
        }

        @Override
        public List<Job> save(List<Job> jobs) {
            List<Job> saved = super.save(jobs);
            count(saved);
            return saved;
        }

        private void count(List<Job> jobs) {
            long done = jobs.stream()
                    .filter(job -> job.hasState(StateName.SUCCEEDED))
                    .count();
            if (done > 0) {
                completions.done((int) done);
            } else if (jobs.stream().anyMatch(job -> job.hasState(StateName.PROCESSING))) {
                completions.begin();
            }
        }
    }
}
