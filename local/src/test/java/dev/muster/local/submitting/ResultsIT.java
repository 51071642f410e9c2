package dev.muster.local.submitting;

import static org.assertj.core.api.Assertions.assertThat;

import dev.muster.client.MusterClient;
import dev.muster.embedded.junit.EmbeddedServers;
import dev.muster.embedded.junit.KafkaCluster;
import dev.muster.embedded.junit.PostgresDatabase;
import dev.muster.job.JobId;
import dev.muster.job.JobOutcome;
import dev.muster.job.JobState;
import dev.muster.job.NewJob;
import dev.muster.job.Ordering;
import dev.muster.store.JobReader;
import dev.muster.store.JobView;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** Whatever a handler may answer, and what the history says of it. */
@ExtendWith(EmbeddedServers.class)
class ResultsIT {
    private static final Duration SOON = Duration.ofSeconds(60);

    @Test
    void every_answer_is_in_the_history_with_its_run_its_worker_and_its_times(
            PostgresDatabase postgres, KafkaCluster kafka, @TempDir Path folder) throws Exception {
        try (SmallFleet fleet = new SmallFleet(postgres, kafka, folder);
                MusterClient client = MusterClient.connect(kafka.bootstrapServers(), "/test")) {
            String queue = fleet.queue(Ordering.NONE, Optional.empty());
            fleet.coordinator();
            fleet.worker();

            JobId id = call(client, queue, "boom", "retry after", "snooze", "unknown", "succeed")
                    .id();
            JobView job = new JobReader(fleet.database()).find(id).orElseThrow();
            assertThat(job.state()).isEqualTo(JobState.SUCCEEDED);
            assertThat(job.outcome().result()).contains("a receipt");
            assertThat(job.run().attempt()).isEqualTo(5);
            assertThat(job.run().failures())
                    .as("a snooze and a call without an answer spend none")
                    .isEqualTo(2);
            assertThat(job.attempts())
                    .extracting(run -> run.number() + " " + run.outcome() + " "
                            + run.reason().orElse(""))
                    .containsExactly("1 retried boom", "2 retried not now", "3 snoozed later", "4 unknown no answer");
            JobView.Attempt thrown = job.attempts().getFirst();
            assertThat(thrown.detail()).contains("java.lang.UnsupportedOperationException: boom");
            assertThat(waited(job.attempts().get(1))).isEqualTo(Duration.ofMillis(400));
            assertThat(waited(job.attempts().get(2))).isEqualTo(Duration.ofMillis(300));
            assertThat(job.attempts()).allSatisfy(run -> {
                assertThat(run.incarnation()).isEqualTo(job.run().incarnation().orElseThrow());
                assertThat(run.started()).isBeforeOrEqualTo(run.ended());
            });

            assertThat(call(client, queue, "decline")).satisfies(end -> {
                assertThat(end.state()).isEqualTo(JobState.DECLINED);
                assertThat(end.reason()).contains("a no");
            });
            assertThat(call(client, queue, "fail")).satisfies(end -> {
                assertThat(end.state()).isEqualTo(JobState.DEAD);
                assertThat(end.reason()).contains("never");
            });
            assertThat(call(client, queue, "cancel")).satisfies(end -> {
                assertThat(end.state()).isEqualTo(JobState.CANCELLED);
                assertThat(end.reason()).contains("as wished");
            });
        }
    }

    private static Duration waited(JobView.Attempt run) {
        return Duration.between(run.ended(), run.due().orElseThrow());
    }

    private static JobOutcome call(MusterClient client, String queue, String... runs) throws Exception {
        NewJob job = NewJob.of("test.script", new ScriptHandler.Script(List.of(runs)))
                .backoff(Duration.ofMillis(10), Duration.ofMillis(10));
        return client.call(queue, job, SOON).outcome().get(SOON.toSeconds(), TimeUnit.SECONDS);
    }
}
