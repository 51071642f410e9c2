package dev.muster.supervision.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.muster.supervision.ExitReason;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class TaskSupervisorTest {
    private static final Duration PATIENCE = Duration.ofSeconds(20);

    private final TaskSupervisor tasks = new TaskSupervisor("tasks");
    private final CountDownLatch never = new CountDownLatch(1);

    @AfterEach
    void end() {
        tasks.kill();
    }

    @Test
    void a_result_reaches_who_awaits_it() throws Exception {
        assertThat(tasks.async(() -> 42).await(PATIENCE)).isEqualTo(42);
    }

    @Test
    void a_crash_reaches_only_who_awaits_it() throws Exception {
        TaskSupervisor.Task<Integer> other = tasks.async(() -> 1);
        TaskSupervisor.Task<Integer> crashing = tasks.async(() -> {
            throw new IllegalStateException("bang");
        });

        assertThatThrownBy(() -> crashing.await(PATIENCE))
                .isInstanceOf(ExecutionException.class)
                .hasCauseInstanceOf(IllegalStateException.class);
        assertThat(other.await(PATIENCE)).isEqualTo(1);
        assertThat(tasks.onExit()).isNotDone();
    }

    @Test
    void a_task_that_nobody_waits_for_any_more_is_asked_to_end() {
        TaskSupervisor.Task<Boolean> slow = tasks.async(() -> never.await(1, TimeUnit.HOURS));

        assertThatThrownBy(() -> slow.await(Duration.ofMillis(10))).isInstanceOf(TimeoutException.class);

        await().atMost(PATIENCE).until(() -> tasks.active() == 0);
    }

    @Test
    void it_ends_with_its_last_task_and_takes_no_more() throws Exception {
        Life life = tasks.start(never::await);

        tasks.shutdown();

        assertThat(tasks.onExit().get(20, TimeUnit.SECONDS)).isEqualTo(new ExitReason.Shutdown());
        assertThat(life.onExit()).isDone();
        assertThatThrownBy(() -> tasks.start(() -> {})).isInstanceOf(IllegalStateException.class);
    }
}
