package dev.muster.local.stack;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.muster.config.Setting;
import dev.muster.config.Settings;
import dev.muster.embedded.EmbeddedServer;
import dev.muster.embedded.Processes;
import dev.muster.supervision.runtime.SupervisionEvent;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The stack as a supervision tree: one stack of real processes, which are killed as an operator or the kernel kills. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class StackTreeIT {
    private static final Duration LIMIT = Duration.ofMinutes(2);
    private static final Duration LOOK = Duration.ofMillis(10);
    private static final int WORKERS = 2;

    private final List<SupervisionEvent> events = new CopyOnWriteArrayList<>();
    private final List<String> said = new CopyOnWriteArrayList<>();
    private final Path folder;
    private final LocalStack stack;

    StackTreeIT(@TempDir Path folder) {
        this.folder = folder;
        StackConfig config = new StackConfig(
                folder,
                Settings.of(Map.of(Setting.COORDINATOR_PORT.key(), "0", Setting.FLEET_SPARES.key(), "0")),
                WORKERS,
                StackConfig.defaultQueues(),
                StackConfig.Ports.ANY);
        this.stack = LocalStack.start(config, said::add, events::add);
    }

    @BeforeAll
    void the_tree_starts_in_order() {
        assertThat(started()).containsExactly("postgres", "kafka", "sandbox", "servers", "coordinator");
    }

    @BeforeEach
    void all_workers_are_in_service() {
        await("workers in service")
                .atMost(LIMIT)
                .ignoreExceptions()
                .until(() -> stack.fleet().live().stream()
                                .filter(worker -> worker.isAlive() && worker.inService())
                                .count()
                        == WORKERS);
        events.clear();
    }

    @AfterAll
    void stop() {
        Set<ProcessHandle> workers = workers();

        stack.close();

        assertThat(workers).hasSize(WORKERS);
        assertThat(Processes.awaitEnd(workers, Duration.ZERO)).isTrue();
        assertThat(stack.servers().values()).noneMatch(EmbeddedServer::running);
        assertThat(StackProperties.read(folder)).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"postgres", "kafka", "sandbox"})
    void a_killed_server_is_started_again_alone_and_the_payments_ride_it_out(String name) {
        Settings settings = stack.settings();
        Map<String, Long> before = pids();
        Set<ProcessHandle> workers = workers();
        try (Payments payments = new Payments(stack, "kill-" + name)) {
            payments.submitted(20);
            kill(name);
            payments.submit(20);
            awaitStarted(name);
            payments.submit(20);

            payments.awaitEachChargedOnce();
        }

        assertThat(started()).containsExactly(name);
        assertOnlyChanged(name, before);
        assertThat(workers()).isEqualTo(workers);
        assertThat(stack.settings()).isEqualTo(settings);
        assertThat(said).anyMatch(line -> line.startsWith(name + " has ended (killed)"));
    }

    @Test
    void a_killed_coordinator_is_started_again_alone_and_its_workers_live_on() {
        Map<String, Long> before = pids();
        Set<ProcessHandle> workers = workers();
        try (Payments payments = new Payments(stack, "kill-coordinator")) {
            payments.submitted(20);
            kill("coordinator");
            payments.submit(20);
            awaitStarted("coordinator");
            payments.submit(20);

            payments.awaitEachChargedOnce();
        }

        assertThat(started()).containsExactly("coordinator");
        assertOnlyChanged("coordinator", before);
        assertThat(workers()).isEqualTo(workers);
    }

    /** It is killed as soon as it runs, in service or not: an exit counts as a restart, and so does a start that fails. */
    @Test
    void a_server_killed_too_often_has_all_started_again_while_the_workers_live_on() {
        Settings settings = stack.settings();
        Map<String, Long> before = pids();
        Set<ProcessHandle> workers = workers();
        try (Payments payments = new Payments(stack, "kill-often")) {
            payments.submitted(20);
            await("it is killed too often").atMost(LIMIT).pollInterval(LOOK).until(() -> {
                if (server("sandbox").running() && !escalated("stack/servers", "sandbox")) {
                    kill("sandbox");
                }
                return escalated("stack/servers", "sandbox");
            });
            awaitStarted("coordinator");
            payments.submit(20);

            payments.awaitEachChargedOnce();
        }

        assertThat(pids().values()).doesNotContainAnyElementsOf(before.values());
        assertThat(StackProperties.read(folder).orElseThrow().get("stack.pid.kafka"))
                .contains(Long.toString(server("kafka").pid()));
        assertThat(workers()).isEqualTo(workers);
        assertThat(stack.settings()).isEqualTo(settings);
        assertThat(order())
                .containsSubsequence(
                        "stack/servers gave up on sandbox",
                        "stack/servers ended",
                        "stack: coordinator was stopped",
                        "stack/servers: postgres started",
                        "stack/servers: kafka started",
                        "stack/servers: sandbox started",
                        "stack: servers started",
                        "stack: coordinator started");
    }

    private void kill(String name) {
        ProcessHandle.of(server(name).pid()).ifPresent(ProcessHandle::destroyForcibly);
    }

    private void awaitStarted(String name) {
        await(name + " is started").atMost(LIMIT).until(() -> started().contains(name));
    }

    private List<String> started() {
        return events.stream()
                .filter(SupervisionEvent.Started.class::isInstance)
                .map(event -> ((SupervisionEvent.Started) event).child())
                .toList();
    }

    private boolean escalated(String path, String child) {
        return events.contains(new SupervisionEvent.Escalated(path, child));
    }

    private List<String> order() {
        return events.stream()
                .map(event -> switch (event) {
                    case SupervisionEvent.Started e -> e.path() + ": " + e.child() + " started";
                    case SupervisionEvent.StartFailed e -> e.path() + ": " + e.child() + " did not start";
                    case SupervisionEvent.Exited e ->
                        e.path() + ": " + e.child() + (e.stopped() ? " was stopped" : " ended");
                    case SupervisionEvent.Escalated e -> e.path() + " gave up on " + e.child();
                    case SupervisionEvent.Ended e -> e.path() + " ended";
                })
                .toList();
    }

    private Map<String, Long> pids() {
        Map<String, Long> pids = new LinkedHashMap<>();
        stack.servers().forEach((name, server) -> pids.put(name, server.pid()));
        return pids;
    }

    private void assertOnlyChanged(String name, Map<String, Long> before) {
        Map<String, Long> now = pids();
        assertThat(now.keySet().stream().filter(other -> !Objects.equals(now.get(other), before.get(other))))
                .containsExactly(name);
        assertThat(StackProperties.read(folder).orElseThrow().get("stack.pid." + name))
                .contains(Long.toString(server(name).pid()));
    }

    private Set<ProcessHandle> workers() {
        return stack.fleet().live().stream()
                .flatMap(worker -> worker.process().stream())
                .collect(Collectors.toSet());
    }

    private EmbeddedServer server(String name) {
        return Objects.requireNonNull(stack.servers().get(name), name);
    }
}
