package dev.muster.local.stack;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

import dev.muster.config.Setting;
import dev.muster.config.Settings;
import dev.muster.embedded.Processes;
import dev.muster.job.JobId;
import dev.muster.job.JobState;
import dev.muster.kafka.KafkaClients;
import dev.muster.local.submit.Submitter;
import dev.muster.protocol.Submission;
import dev.muster.store.JobReader;
import dev.muster.store.JobView;
import dev.muster.store.QueueStore;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The whole stack as {@code up} starts it, with one worker. */
class LocalStackIT {
    private static final Duration LIMIT = Duration.ofMinutes(1);

    @TempDir
    private Path folder = Path.of("");

    @Test
    void a_payment_runs_and_all_of_it_is_gone_in_the_end() {
        Fleet.Worker worker;
        try (LocalStack stack = LocalStack.start(config(), _ -> {})) {
            JobView job = pay(stack, "payment-1");

            assertThat(job.state()).isEqualTo(JobState.SUCCEEDED);
            assertThat(new QueueStore(stack.database()).list())
                    .containsExactlyInAnyOrderElementsOf(StackConfig.defaultQueues());
            assertThat(new JobReader(stack.database())
                            .list(new JobReader.Filter(
                                    Optional.of(JobState.SUCCEEDED), Optional.of("payments"), Optional.empty(), 10)))
                    .extracting(JobView::id)
                    .containsExactly(job.id());
            assertThat(StackProperties.read(folder)).isPresent();
            assertThatExceptionOfType(StackException.class)
                    .isThrownBy(() -> LocalStack.start(config(), _ -> {}))
                    .withMessageContaining("runs on " + folder);
            worker = stack.fleet().live().getFirst();
            assertThat(worker.isAlive()).isTrue();
        }

        assertThat(Processes.awaitEnd(worker.process().stream().toList(), Duration.ZERO))
                .isTrue();
        assertThat(StackProperties.read(folder)).isEmpty();
    }

    @Test
    void a_stack_whose_coordinator_was_killed_leaves_no_worker_behind() {
        Fleet.Worker worker;
        try (LocalStack stack = LocalStack.start(config(), _ -> {})) {
            await().atMost(LIMIT).until(() -> stack.fleet().live().stream().anyMatch(Fleet.Worker::isAlive));
            worker = stack.fleet().live().getFirst();

            Objects.requireNonNull(stack.servers().get("coordinator")).killHard();

            assertThat(worker.isAlive()).isTrue();
        }

        assertThat(Processes.awaitEnd(worker.process().stream().toList(), Duration.ZERO))
                .isTrue();
    }

    private StackConfig config() {
        return new StackConfig(
                folder,
                Settings.of(Map.of(Setting.COORDINATOR_PORT.key(), "0", Setting.FLEET_SPARES.key(), "0")),
                1,
                StackConfig.defaultQueues(),
                StackConfig.Ports.ANY);
    }

    private static JobView pay(LocalStack stack, String id) {
        byte[] payment =
                "{\"amount\":1999,\"currency\":\"eur\",\"customer\":\"cus_1\",\"payment_method\":\"pm_card_visa\"}"
                        .getBytes(UTF_8);
        try (Submitter submitter = Submitter.open(new KafkaClients(stack.settings()), "payments")) {
            submitter.send(
                    new Submission("it", id, "payment.charge", Optional.empty(), payment, Map.of()), (_, _) -> {});
            submitter.flush();
        }
        JobReader reader = new JobReader(stack.database());
        JobId job = JobId.of("it", id);
        await().atMost(LIMIT)
                .until(() ->
                        reader.find(job).map(view -> view.state().isFinal()).orElse(false));
        return reader.find(job).orElseThrow();
    }
}
