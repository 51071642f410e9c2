package dev.muster.supervision.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.muster.supervision.ChildSpec;
import dev.muster.supervision.ExitReason;
import dev.muster.supervision.Reply;
import dev.muster.supervision.Request;
import dev.muster.supervision.Restart;
import dev.muster.supervision.Shutdown;
import dev.muster.supervision.Strategy;
import dev.muster.supervision.SupervisorFlags;
import dev.muster.time.Ticker;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Supervisors that run, with services, processes and supervisors as children. */
class SupervisorTest {
    private static final Duration PATIENCE = Duration.ofSeconds(20);

    private final List<SupervisionEvent> events = new CopyOnWriteArrayList<>();
    private final List<Supervisor> started = new ArrayList<>();
    private final Map<String, ThreadLife> latest = new ConcurrentHashMap<>();
    private final Map<String, CountDownLatch> bangs = new ConcurrentHashMap<>();

    @AfterEach
    void end() {
        started.forEach(Supervisor::kill);
    }

    @Test
    void a_service_that_crashes_is_started_again_and_the_others_are_left_alone() throws Exception {
        start(flags(), List.of(service("a"), service("b")));
        ThreadLife b = the("b");

        crash("a");

        await().atMost(PATIENCE).until(() -> starts("a") == 2);
        assertThat(the("b")).isSameAs(b);
        assertThat(b.onExit()).isNotDone();
        assertThat(events)
                .anyMatch(e -> e instanceof SupervisionEvent.Exited exited
                        && exited.child().equals("a")
                        && !exited.stopped()
                        && exited.reason() instanceof ExitReason.Crash);
    }

    @Test
    void with_rest_for_one_those_after_it_are_stopped_in_reverse_and_started_in_order() throws Exception {
        start(flags().withStrategy(Strategy.REST_FOR_ONE), List.of(service("a"), service("b"), service("c")));
        events.clear();

        crash("b");

        await().atMost(PATIENCE).until(() -> starts("c") == 1 && starts("b") == 1);
        assertThat(words()).containsExactly("b ended", "c stopped", "b started", "c started");
    }

    @Test
    void the_end_of_a_supervisor_stops_its_children_in_reverse_order() throws Exception {
        Supervisor supervisor = start(flags(), List.of(service("a"), service("b")));
        events.clear();

        supervisor.shutdown();

        assertThat(supervisor.onExit().get(20, TimeUnit.SECONDS)).isEqualTo(new ExitReason.Shutdown());
        assertThat(words()).containsExactly("b stopped", "a stopped", "root ended");
        assertThat(supervisor.call(new Request.WhichChildren()).get(20, TimeUnit.SECONDS))
                .isEqualTo(new Reply.Refused(Reply.Refusal.NOPROC));
    }

    @Test
    void one_that_ignores_its_shutdown_is_killed_after_its_time() throws Exception {
        CountDownLatch never = new CountDownLatch(1);
        ChildDefinition stubborn = new ChildDefinition(
                ChildSpec.worker("stubborn").withShutdown(new Shutdown.Timeout(Duration.ofMillis(50))),
                () -> Optional.of(ThreadLife.service("stubborn", () -> {
                    while (never.getCount() > 0) {
                        try {
                            never.await();
                        } catch (InterruptedException _) {
                            // That is what makes it stubborn.
                        }
                    }
                })));
        Supervisor supervisor = start(flags(), List.of(stubborn));

        supervisor.shutdown();

        supervisor.onExit().get(20, TimeUnit.SECONDS);
        never.countDown();
        assertThat(events)
                .anyMatch(e ->
                        e instanceof SupervisionEvent.Exited exited && exited.reason() instanceof ExitReason.Killed);
    }

    @Test
    void one_restart_too_many_ends_it_and_its_parent_decides() throws Exception {
        AtomicInteger lives = new AtomicInteger();
        ChildDefinition below = new ChildDefinition(ChildSpec.supervisor("below"), () -> {
            lives.incrementAndGet();
            return Optional.of(Supervisor.start(
                    "root/below",
                    flags().withIntensity(1, Duration.ofSeconds(60)),
                    List.of(service("a")),
                    Ticker.system(),
                    events::add));
        });
        start(flags(), List.of(below));

        crash("a");
        await().atMost(PATIENCE).until(() -> starts("a") == 2);
        assertThat(lives).hasValue(1);
        crash("a");

        await().atMost(PATIENCE).until(() -> lives.get() == 2 && starts("a") == 3);
        assertThat(events).contains(new SupervisionEvent.Escalated("root/below", "a"));
    }

    @Test
    void a_child_that_does_not_start_fails_the_supervisor_and_stops_those_before_it() {
        ChildDefinition broken = new ChildDefinition(ChildSpec.worker("broken"), () -> {
            throw new IllegalStateException("no");
        });

        assertThatThrownBy(() -> start(flags(), List.of(service("a"), broken)))
                .isInstanceOf(SupervisorStartException.class);

        assertThat(words()).containsExactly("a started", "broken failed", "a stopped", "root ended");
    }

    @Test
    void one_that_breaks_itself_leaves_no_child_behind_and_tells_its_parent() throws Exception {
        Supervisor supervisor = Supervisor.start("root", flags(), List.of(service("a")), Ticker.system(), event -> {
            if (event instanceof SupervisionEvent.Exited) {
                throw new IllegalStateException("a listener that must not");
            }
        });
        started.add(supervisor);
        ThreadLife first = the("a");

        first.shutdown();

        assertThat(supervisor.onExit().get(20, TimeUnit.SECONDS)).isInstanceOf(ExitReason.Crash.class);
        first.onExit().get(20, TimeUnit.SECONDS);
        assertThat(the("a")).isSameAs(first);
    }

    @Test
    void children_come_and_go_at_run_time_thousands_of_them() throws Exception {
        int many = 2_000;
        Supervisor supervisor = start(flags(), List.of());
        CountDownLatch go = new CountDownLatch(1);
        List<CompletableFuture<Reply>> replies = new ArrayList<>();
        for (int i = 0; i < many; i++) {
            replies.add(supervisor.startChild(new ChildDefinition(
                    ChildSpec.worker("task-" + i).withRestart(Restart.TEMPORARY),
                    () -> Optional.of(ThreadLife.task("task", go::await)))));
        }
        for (CompletableFuture<Reply> reply : replies) {
            assertThat(reply.get(60, TimeUnit.SECONDS)).isInstanceOf(Reply.Started.class);
        }
        assertThat(count(supervisor).active()).isEqualTo(many);

        go.countDown();

        await().atMost(Duration.ofSeconds(60)).until(() -> count(supervisor).specs() == 0);
        assertThat(supervisor.startChild(service("late")).get(20, TimeUnit.SECONDS))
                .isInstanceOf(Reply.Started.class);
    }

    @Test
    void a_process_that_is_killed_is_started_again() throws Exception {
        List<ProcessLife> lives = new CopyOnWriteArrayList<>();
        ChildDefinition process = new ChildDefinition(ChildSpec.worker("sleeper"), () -> {
            ProcessLife life = new ProcessLife(new ProcessBuilder("sleep", "600").start());
            lives.add(life);
            return Optional.of(life);
        });
        Supervisor supervisor = start(flags(), List.of(process));
        ProcessHandle first = ProcessHandle.of(lives.getFirst().pid()).orElseThrow();

        first.destroyForcibly();

        await().atMost(PATIENCE).until(() -> lives.size() == 2);
        assertThat(lives.getFirst().onExit().get(20, TimeUnit.SECONDS)).isEqualTo(new ExitReason.Killed());
        supervisor.shutdown();
        supervisor.onExit().get(20, TimeUnit.SECONDS);
        assertThat(lives.getLast().onExit()).isCompletedWithValue(new ExitReason.Shutdown());
    }

    @Test
    void a_life_that_comes_into_service_later_holds_up_no_other_and_is_told_by_its_name() throws Exception {
        SlowLife slow = new SlowLife();
        Supervisor supervisor = start(
                flags(),
                List.of(new ChildDefinition(ChildSpec.worker("slow"), () -> Optional.of(slow)), service("quick")));
        assertThat(words()).containsExactly("quick started");

        slow.serving.complete(true);

        await().atMost(PATIENCE).until(() -> starts("slow") == 1);
        supervisor.shutdown();
        supervisor.onExit().get(20, TimeUnit.SECONDS);
        assertThat(events)
                .anyMatch(e -> e instanceof SupervisionEvent.Started started
                        && started.name().equals(Optional.of("slow.7")))
                .anyMatch(e -> e instanceof SupervisionEvent.Exited exited
                        && exited.name().equals(Optional.of("slow.7"))
                        && exited.stopped());
    }

    @Test
    void a_life_that_ends_before_it_was_in_service_has_not_lived() throws Exception {
        SlowLife slow = new SlowLife();
        Supervisor supervisor =
                start(flags(), List.of(new ChildDefinition(ChildSpec.worker("slow"), () -> Optional.of(slow))));

        supervisor.shutdown();

        supervisor.onExit().get(20, TimeUnit.SECONDS);
        assertThat(starts("slow")).isZero();
        assertThat(events)
                .anyMatch(e -> e instanceof SupervisionEvent.Exited exited
                        && exited.lived().isZero());
    }

    /** Does its work once a test says so. */
    private static final class SlowLife implements Life {
        private final CompletableFuture<Boolean> serving = new CompletableFuture<>();
        private final CompletableFuture<ExitReason> exit = new CompletableFuture<>();

        @Override
        public CompletableFuture<Boolean> inService() {
            return serving;
        }

        @Override
        public Optional<String> name() {
            return Optional.of("slow.7");
        }

        @Override
        public CompletableFuture<ExitReason> onExit() {
            return exit;
        }

        @Override
        public void shutdown() {
            exit.complete(new ExitReason.Shutdown());
        }

        @Override
        public void kill() {
            exit.complete(new ExitReason.Killed());
        }
    }

    private static SupervisorFlags flags() {
        return SupervisorFlags.defaults().withIntensity(3, Duration.ofSeconds(60));
    }

    private Supervisor start(SupervisorFlags flags, List<ChildDefinition> children) throws Exception {
        Supervisor supervisor = Supervisor.start("root", flags, children, Ticker.system(), events::add);
        started.add(supervisor);
        return supervisor;
    }

    /** Runs until it is told to end, or to {@link #crash}. */
    private ChildDefinition service(String id) {
        return new ChildDefinition(ChildSpec.worker(id), () -> {
            CountDownLatch bang = new CountDownLatch(1);
            bangs.put(id, bang);
            ThreadLife life = ThreadLife.service(id, () -> {
                bang.await();
                throw new IllegalStateException("bang");
            });
            latest.put(id, life);
            return Optional.of(life);
        });
    }

    private void crash(String id) {
        Objects.requireNonNull(bangs.get(id), id).countDown();
    }

    private ThreadLife the(String id) {
        return Objects.requireNonNull(latest.get(id), id);
    }

    private long starts(String id) {
        return events.stream()
                .filter(e ->
                        e instanceof SupervisionEvent.Started s && s.child().equals(id))
                .count();
    }

    private List<String> words() {
        return events.stream()
                .map(event -> switch (event) {
                    case SupervisionEvent.Started e -> e.child() + " started";
                    case SupervisionEvent.StartFailed e -> e.child() + " failed";
                    case SupervisionEvent.Exited e -> e.child() + (e.stopped() ? " stopped" : " ended");
                    case SupervisionEvent.Escalated e -> e.child() + " escalated";
                    case SupervisionEvent.Ended e -> e.path() + " ended";
                })
                .toList();
    }

    private static Reply.Counted count(Supervisor supervisor) throws Exception {
        return (Reply.Counted) supervisor.call(new Request.CountChildren()).get(20, TimeUnit.SECONDS);
    }
}
