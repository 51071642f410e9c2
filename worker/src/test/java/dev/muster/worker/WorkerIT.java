package dev.muster.worker;

import static org.assertj.core.api.Assertions.assertThat;

import dev.muster.embedded.junit.EmbeddedServers;
import dev.muster.embedded.junit.KafkaCluster;
import dev.muster.embedded.junit.PostgresDatabase;
import dev.muster.embedded.sandbox.SandboxServer;
import dev.muster.fleet.Incarnation;
import dev.muster.job.JobId;
import dev.muster.job.JobState;
import dev.muster.job.Ordering;
import dev.muster.store.JobView;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(EmbeddedServers.class)
final class WorkerIT {
    private WorkerStack stack;

    @BeforeEach
    void start(PostgresDatabase postgres, KafkaCluster kafka, SandboxServer sandbox) {
        stack = new WorkerStack(postgres, kafka, sandbox);
    }

    @AfterEach
    void stop() {
        stack.close();
    }

    @Test
    void payments_run_and_a_declined_card_is_an_answer() {
        String queue = stack.queue(Ordering.NONE, 4);
        List<JobId> good = new ArrayList<>();
        for (int i = 0; i < 50; i++) {
            good.add(
                    stack.submit(
                            queue,
                            "payment.charge",
                            "k" + i,
                            "{\"amount\":1000,\"currency\":\"eur\",\"customer\":\"cus_1\",\"payment_method\":\"pm_card_visa\"}"));
        }
        JobId declined = stack.submit(
                queue,
                "payment.charge",
                "k",
                "{\"amount\":1000,\"currency\":\"eur\",\"customer\":\"cus_1\",\"payment_method\":\"pm_card_chargeDeclined\"}");
        stack.worker();

        stack.awaitFinal(good);
        stack.awaitFinal(List.of(declined));

        assertThat(good)
                .allSatisfy(id -> assertThat(stack.find(id)).map(JobView::state).contains(JobState.SUCCEEDED));
        assertThat(stack.find(declined)).map(JobView::state).contains(JobState.DECLINED);
    }

    @Test
    void a_paused_queue_keeps_no_other_waiting_and_goes_on_where_it_stood() {
        String paused = stack.queue(Ordering.NONE, 2);
        String other = stack.queue(Ordering.NONE, 2);
        stack.execute("UPDATE queue SET paused = true WHERE name = '" + paused + "'");
        List<JobId> held = stack.submitPauses(paused, 300, 1); // far more than a worker has slots
        Incarnation _ = stack.awaitOwner(stack.worker(), paused, 2);

        List<JobId> free = stack.submitPauses(other, 200, 1);
        stack.awaitFinal(free);
        assertThat(stack.count("SELECT count(*) FROM job_history WHERE queue = '" + paused + "'"))
                .isZero();

        stack.execute("UPDATE queue SET paused = false WHERE name = '" + paused + "'");
        stack.awaitFinal(held);
        stack.assertSucceededOnce(held);
        stack.assertSucceededOnce(free);
    }
}
