package dev.muster.local.crash;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.muster.config.Setting;
import dev.muster.config.Settings;
import dev.muster.job.JobId;
import dev.muster.job.JobState;
import dev.muster.kafka.KafkaClients;
import dev.muster.local.crash.CrashHandler.Way;
import dev.muster.local.stack.LocalStack;
import dev.muster.local.stack.StackConfig;
import dev.muster.local.submit.Submitter;
import dev.muster.protocol.Submission;
import dev.muster.store.IncidentStore;
import dev.muster.store.JobReader;
import dev.muster.store.JobView;
import dev.muster.store.PoolStore;
import dev.muster.store.QuarantineStore;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A job that kills its worker, among innocent ones, on the whole stack: it alone is convicted. */
class CrashLoopIT {
    private static final Duration LIMIT = Duration.ofMinutes(2);
    private static final String PAYMENT =
            "{\"amount\":1999,\"currency\":\"eur\",\"customer\":\"cus_1\",\"payment_method\":\"pm_card_visa\"}";

    private final LocalStack stack;
    private final Submitter submitter;

    CrashLoopIT(@TempDir Path folder) {
        Path handlers = folder.resolve("handlers");
        CrashJar.write(handlers);
        this.stack = LocalStack.start(
                new StackConfig(
                        folder.resolve("data"),
                        Settings.of(Map.of(
                                Setting.COORDINATOR_PORT.key(),
                                "0",
                                Setting.WORKER_HANDLERS.key(),
                                handlers.toString())),
                        2,
                        StackConfig.defaultQueues(),
                        StackConfig.Ports.ANY),
                _ -> {});
        this.submitter = Submitter.open(new KafkaClients(stack.settings()), StackConfig.PAYMENTS);
    }

    @AfterEach
    void close() {
        submitter.close();
        stack.close();
    }

    @ParameterizedTest
    @EnumSource(
            value = Way.class,
            names = {"HALT", "EXIT"}) // how long memory takes to fill is the machine's: that one is left to the drill
    void the_culprit_alone_is_convicted_within_three_deaths(Way way) {
        List<JobId> innocent = new ArrayList<>();
        for (int i = 0; i < 15; i++) {
            innocent.add(submit("payment-" + i, "payment.charge", PAYMENT));
            innocent.add(submit("slow-" + i, CrashHandler.TYPE, crash(Way.NONE, 300 + 20 * i, false)));
        }
        JobId culprit = submit("culprit", CrashHandler.TYPE, crash(way, 50, false));
        submitter.flush();

        JobView dead = awaitFinal(culprit);
        innocent.forEach(this::awaitFinal);

        assertThat(dead.state()).isEqualTo(JobState.DEAD);
        assertThat(dead.outcome().reason()).contains("killed its worker 3 times, alone in quarantine");
        assertThat(dead.run().incarnation())
                .hasValueSatisfying(it -> assertThat(it).startsWith("worker-quarantine."));
        assertThat(dead.run().failures()).isZero();
        assertThat(innocent).allSatisfy(id -> {
            JobView job = find(id);
            assertThat(job.state()).isEqualTo(JobState.SUCCEEDED);
            assertThat(job.run().failures()).isZero();
        });
        assertThat(new IncidentStore(stack.database()).recent(50))
                .filteredOn(incident -> incident.kind().equals("job_convicted"))
                .singleElement()
                .satisfies(incident -> assertThat(incident.subject()).isEqualTo(culprit.toString()));
        assertThat(new PoolStore(stack.database()).isGivenUp("default")).isFalse();
        await("who survived is clear, and the worker is stopped").atMost(LIMIT).until(() -> {
            boolean stopped = stack.fleet().live().stream()
                    .noneMatch(worker -> worker.incarnation().startsWith("worker-quarantine."));
            return stopped && !new QuarantineStore(stack.database()).any();
        });
    }

    private JobId submit(String id, String type, String json) {
        submitter.send(
                new Submission("it", id, type, Optional.of(id), json.getBytes(UTF_8), Map.of()),
                (_, failure) -> assertThat(failure).isNull());
        return JobId.of("it", id);
    }

    private static String crash(Way way, long millis, boolean call) {
        return "{\"way\":\"" + way.wireName() + "\",\"millis\":" + millis + ",\"call\":" + call + "}";
    }

    private JobView awaitFinal(JobId id) {
        await("job " + id + " is final")
                .atMost(LIMIT)
                .ignoreExceptions()
                .until(() -> find(id).state().isFinal());
        return find(id);
    }

    private JobView find(JobId id) {
        return new JobReader(stack.database()).find(id).orElseThrow();
    }
}
