package dev.muster.coordinator.fleet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;

class AuthorityTest {
    private static final Duration PATIENCE = Duration.ofSeconds(20);

    private final AtomicBoolean leads = new AtomicBoolean(true);
    private final Authority authority = new Authority(7, leads::get);

    @Test
    void nothing_is_started_after_a_stop() throws IOException {
        AtomicBoolean started = new AtomicBoolean();

        authority.stop();

        assertThat(authority.start(() -> started.set(true))).isFalse();
        assertThat(started).isFalse();
        assertThat(authority.isOver()).isFalse();
    }

    @Test
    void an_end_is_for_good() {
        authority.end();
        authority.stop();

        assertThat(authority.isOver()).isTrue();
        assertThat(authority.mayStart()).isFalse();
    }

    @Test
    void without_the_lease_nothing_is_done_though_nobody_has_said_so_yet() throws IOException {
        AtomicBoolean started = new AtomicBoolean();

        leads.set(false);

        assertThat(authority.isOver()).isTrue();
        assertThat(authority.start(() -> started.set(true))).isFalse();
        assertThat(started).isFalse();
    }

    @Test
    void starts_run_side_by_side() throws Exception {
        CyclicBarrier both = new CyclicBarrier(2);
        try (ExecutorService tasks = Executors.newVirtualThreadPerTaskExecutor()) {
            Future<Boolean> one = tasks.submit(() -> authority.start(() -> meet(both)));
            Future<Boolean> other = tasks.submit(() -> authority.start(() -> meet(both)));

            assertThat(one.get(20, TimeUnit.SECONDS)).isTrue();
            assertThat(other.get(20, TimeUnit.SECONDS)).isTrue();
        }
    }

    @Test
    void a_stop_returns_when_the_starts_that_are_under_way_are_done() throws Exception {
        CountDownLatch forking = new CountDownLatch(1);
        CountDownLatch forked = new CountDownLatch(1);
        AtomicBoolean attached = new AtomicBoolean();
        Thread start = Thread.ofVirtual().start(() -> {
            try {
                authority.start(() -> {
                    forking.countDown();
                    wait(forked);
                    attached.set(true);
                });
            } catch (IOException e) {
                throw new IllegalStateException(e);
            }
        });
        wait(forking);
        AtomicBoolean seen = new AtomicBoolean();
        Thread stop = Thread.ofPlatform().start(() -> {
            authority.stop();
            seen.set(attached.get());
        });
        await().atMost(PATIENCE).until(() -> stop.getState() == Thread.State.WAITING);

        forked.countDown();

        assertThat(stop.join(PATIENCE)).isTrue();
        assertThat(start.join(PATIENCE)).isTrue();
        assertThat(seen).isTrue();
    }

    private static void meet(CyclicBarrier barrier) throws IOException {
        try {
            barrier.await(20, TimeUnit.SECONDS);
        } catch (Exception e) {
            throw new IOException(e);
        }
    }

    private static void wait(CountDownLatch latch) throws IOException {
        try {
            assertThat(latch.await(20, TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException e) {
            throw new IOException(e);
        }
    }
}
