package dev.muster.coordinator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.muster.config.Setting;
import dev.muster.config.Settings;
import dev.muster.embedded.ChildJvm;
import dev.muster.embedded.junit.EmbeddedServers;
import dev.muster.embedded.junit.KafkaCluster;
import dev.muster.embedded.junit.PostgresDatabase;
import dev.muster.fleet.Incarnation;
import dev.muster.protocol.Json;
import dev.muster.store.FleetStore;
import dev.muster.store.FleetStore.LiveIncarnation;
import dev.muster.store.IncidentStore.Incident;
import dev.muster.store.PoolStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** The fleet under its supervisor: strategies, intensity, adoption, and that one worker's trouble is not another's. */
@ExtendWith(EmbeddedServers.class)
class FleetSupervisorIT {
    private static final Duration PATIENCE = CoordinatorStack.PATIENCE;

    private final CoordinatorStack stack;
    private final FleetStore fleet;

    FleetSupervisorIT(PostgresDatabase postgres, KafkaCluster kafka, @TempDir Path folder) {
        this.stack = new CoordinatorStack(postgres, kafka, folder);
        this.fleet = stack.fleet();
    }

    @AfterEach
    void closeAll() throws Exception {
        new PoolStore(stack.database()).restart("default"); // all tests have the same database
        stack.close();
    }

    @Test
    void one_for_all_restarts_every_worker_when_one_dies_and_only_that_one_has_died() throws Exception {
        Coordinator coordinator = stack.start(with(Setting.FLEET_STRATEGY, "one_for_all", Setting.FLEET_WORKERS, "3"));
        Map<String, LiveIncarnation> before = stack.awaitHealthy(coordinator, 3);

        CoordinatorStack.signal("KILL", CoordinatorStack.the("worker-2", before));

        await().atMost(PATIENCE).until(() -> before.keySet().stream().allMatch(name -> isSucceeded(before, name)));
        Map<String, LiveIncarnation> after = stack.awaitHealthy(coordinator, 3);
        for (String name : before.keySet()) {
            assertThat(number(after, name)).as(name).isEqualTo(number(before, name) + 1);
        }
        for (String name : List.of("worker-1", "worker-3")) {
            Incarnation stopped = CoordinatorStack.the(name, before).incarnation();
            assertThat(fencedReason(stopped)).as(name).isEqualTo("left");
            assertThat(stack.incidentsOf(stopped)).as(name).isEmpty();
        }
        stack.awaitClosedIncident(
                "worker_exited", CoordinatorStack.the("worker-2", before).incarnation());
        assertThat(CoordinatorStack.get(coordinator, "/metrics").body())
                .as("one death is one restart")
                .contains("muster_supervisor_restarts_total{reason=\"crash\",supervisor=\"default\"} 1.0");
    }

    @Test
    void rest_for_one_restarts_the_one_that_died_and_those_after_it() throws Exception {
        Coordinator coordinator = stack.start(with(Setting.FLEET_STRATEGY, "rest_for_one", Setting.FLEET_WORKERS, "3"));
        Map<String, LiveIncarnation> before = stack.awaitHealthy(coordinator, 3);

        CoordinatorStack.signal("KILL", CoordinatorStack.the("worker-2", before));

        await().atMost(PATIENCE).until(() -> isSucceeded(before, "worker-2") && isSucceeded(before, "worker-3"));
        Map<String, LiveIncarnation> after = stack.awaitHealthy(coordinator, 3);
        assertThat(CoordinatorStack.the("worker-1", after)).isEqualTo(CoordinatorStack.the("worker-1", before));
        assertThat(number(after, "worker-2")).isEqualTo(number(before, "worker-2") + 1);
        assertThat(number(after, "worker-3")).isEqualTo(number(before, "worker-3") + 1);
        Incarnation stopped = CoordinatorStack.the("worker-3", before).incarnation();
        assertThat(fencedReason(stopped)).isEqualTo("left");
        assertThat(stack.incidentsOf(stopped)).isEmpty();
        assertThat(CoordinatorStack.get(coordinator, "/metrics").body())
                .contains("muster_supervisor_restarts_total{reason=\"crash\",supervisor=\"default\"} 1.0")
                .contains("muster_supervisor_restarts_total{reason=\"requested\",supervisor=\"default\"} 1.0");
    }

    @Test
    void a_slow_fence_of_one_worker_does_not_hold_up_the_restart_of_another() throws Exception {
        Coordinator coordinator = stack.start(with());
        Map<String, LiveIncarnation> before = stack.awaitHealthy(coordinator, 2);
        Incarnation slow = CoordinatorStack.the("worker-1", before).incarnation();

        try (Connection holder = connect();
                PreparedStatement lock =
                        holder.prepareStatement("SELECT FROM worker_incarnation WHERE incarnation = ? FOR UPDATE")) {
            holder.setAutoCommit(false);
            lock.setString(1, slow.id());
            lock.execute();
            CoordinatorStack.signal("KILL", CoordinatorStack.the("worker-1", before));
            // The supervisor is at it: its first try has run into the lock.
            await().atMost(PATIENCE).until(this::isFenceWaiting);
            CoordinatorStack.signal("KILL", CoordinatorStack.the("worker-2", before));

            await().atMost(PATIENCE).until(() -> isSucceeded(before, "worker-2"));
            assertThat(live()).contains(slow);
            holder.rollback();
        }

        await().atMost(PATIENCE).until(() -> isSucceeded(before, "worker-1"));
    }

    @Test
    void a_killed_coordinator_leaves_workers_that_the_next_goes_on_with_and_whose_exit_it_sees_at_once()
            throws Exception {
        Process first = coordinatorProcess(stack.settings(with()));
        await().atMost(PATIENCE)
                .until(() -> fleet.live().size() == 2
                        && fleet.live().stream().allMatch(l -> l.process().healthPort() != null));
        Map<String, LiveIncarnation> before = stack.live();
        first.destroyForcibly().waitFor();

        Coordinator next = stack.start(with());
        Map<String, LiveIncarnation> found = stack.awaitHealthy(next, 2);
        assertThat(CoordinatorStack.incarnations(found)).isEqualTo(CoordinatorStack.incarnations(before));
        assertThat(CoordinatorStack.pid(CoordinatorStack.the("worker-1", found)))
                .isEqualTo(CoordinatorStack.pid(CoordinatorStack.the("worker-1", before)));

        LiveIncarnation victim = CoordinatorStack.the("worker-1", found);
        Path said = stack.folder().resolve(victim.incarnation() + ".exit");
        Files.writeString(said, "FAILED\nlane-0: it broke\n");
        long killed = System.nanoTime();
        CoordinatorStack.signal("KILL", victim);
        await().pollInterval(2, TimeUnit.MILLISECONDS)
                .atMost(PATIENCE)
                .until(() -> !live().contains(victim.incarnation()));
        System.out.println("MEASURED adopted: exit to fence "
                + Duration.ofNanos(System.nanoTime() - killed).toMillis() + " ms");

        stack.awaitSuccessor(next, victim.incarnation());
        // Seen as an exit: its silence would be judged after a second and a half.
        Incident incident = stack.awaitClosedIncident("worker_exited", victim.incarnation());
        JsonNode detail = Json.MAPPER.readTree(incident.detail());
        assertThat(detail.path("exit_code").intValue()).isEqualTo(1);
        assertThat(detail.path("exit_reason").stringValue("")).isEqualTo("lane-0: it broke");
        assertThat(said).doesNotExist();
    }

    @Test
    void one_restart_too_many_gives_the_pool_up_and_the_operator_brings_it_back() throws Exception {
        PoolStore pools = new PoolStore(stack.database());
        Coordinator coordinator = stack.start(with(Setting.FLEET_INTENSITY, "1", Setting.FLEET_PERIOD, "1h"));
        Map<String, LiveIncarnation> before = stack.awaitHealthy(coordinator, 2);
        CoordinatorStack.signal("KILL", CoordinatorStack.the("worker-1", before));
        await().atMost(PATIENCE).until(() -> isSucceeded(before, "worker-1"));
        Map<String, LiveIncarnation> between = stack.awaitHealthy(coordinator, 2);

        CoordinatorStack.signal("KILL", CoordinatorStack.the("worker-2", between));

        await().atMost(PATIENCE).until(() -> pools.isGivenUp("default") && live().isEmpty());
        assertThat(fencedReason(CoordinatorStack.the("worker-1", between).incarnation()))
                .isEqualTo("left");
        assertThat(pools.restart("default")).isTrue();
        Map<String, LiveIncarnation> after = stack.awaitHealthy(coordinator, 2);
        assertThat(number(after, "worker-1")).isEqualTo(number(between, "worker-1") + 1);
        assertThat(CoordinatorStack.get(coordinator, "/metrics").body())
                .contains("muster_supervisor_escalations_total{supervisor=\"default\"} 1.0");
    }

    @Test
    void a_misconfigured_worker_is_left_down_the_others_run_on_and_the_operator_brings_it_back() throws Exception {
        Path misconfigured = stack.folder().resolve("misconfigured");
        Files.writeString(misconfigured, "worker-1\n");
        Coordinator coordinator = stack.start(Map.of(Setting.FLEET_COMMAND, stack.command() + "\t" + misconfigured));
        await().atMost(PATIENCE)
                .until(() -> stack.incidents().recent(50).stream()
                        .anyMatch(i -> i.kind().equals("worker_misconfigured") && i.closedAt() == null));
        Map<String, LiveIncarnation> alone = stack.awaitHealthy(coordinator, 1);
        assertThat(alone.keySet()).containsExactly("worker-2");

        Files.writeString(misconfigured, "none\n");
        assertThat(new PoolStore(stack.database()).restart("default")).isTrue();

        Map<String, LiveIncarnation> both = stack.awaitHealthy(coordinator, 2);
        assertThat(CoordinatorStack.the("worker-2", both)).isEqualTo(CoordinatorStack.the("worker-2", alone));
        assertThat(new PoolStore(stack.database()).restart("default")).isFalse();
    }

    @Test
    void workers_beyond_the_wanted_number_are_drained() throws Exception {
        Coordinator first = stack.start(with());
        Map<String, LiveIncarnation> before = stack.awaitHealthy(first, 2);
        first.detach();

        Coordinator second = stack.start(with(Setting.FLEET_WORKERS, "1"));

        Map<String, LiveIncarnation> after = stack.awaitHealthy(second, 1);
        assertThat(CoordinatorStack.incarnations(after))
                .containsExactly(CoordinatorStack.the("worker-1", before).incarnation());
        Incarnation gone = CoordinatorStack.the("worker-2", before).incarnation();
        await().atMost(PATIENCE).until(() -> !live().contains(gone));
        assertThat(stack.incidentsOf(gone)).isEmpty();
    }

    private Map<Setting, String> with() {
        return Map.of(Setting.FLEET_COMMAND, stack.command());
    }

    private Map<Setting, String> with(Setting setting, String value) {
        return Map.of(Setting.FLEET_COMMAND, stack.command(), setting, value);
    }

    private Map<Setting, String> with(Setting one, String first, Setting other, String second) {
        return Map.of(Setting.FLEET_COMMAND, stack.command(), one, first, other, second);
    }

    private Set<Incarnation> live() {
        return CoordinatorStack.incarnations(stack.live());
    }

    private boolean isSucceeded(Map<String, LiveIncarnation> before, String worker) {
        LiveIncarnation now = stack.live().get(worker);
        return now != null && now.incarnation().number() > number(before, worker);
    }

    private static int number(Map<String, LiveIncarnation> lives, String worker) {
        return CoordinatorStack.the(worker, lives).incarnation().number();
    }

    private String fencedReason(Incarnation incarnation) throws Exception {
        try (Connection connection = connect();
                PreparedStatement statement = connection.prepareStatement(
                        "SELECT fenced_reason FROM worker_incarnation WHERE incarnation = ?")) {
            statement.setString(1, incarnation.id());
            var rows = statement.executeQuery();
            assertThat(rows.next()).isTrue();
            return String.valueOf(rows.getString(1));
        }
    }

    /** On a connection of its own: within a transaction, pg_stat_activity stays what it was at the first look. */
    private boolean isFenceWaiting() throws Exception {
        try (Connection connection = connect();
                PreparedStatement statement = connection.prepareStatement(
                        "SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%fence_death(%'");
                var rows = statement.executeQuery()) {
            return rows.next();
        }
    }

    private Connection connect() throws Exception {
        Settings settings = stack.settings(Map.of());
        return DriverManager.getConnection(
                settings.string(Setting.POSTGRES_URL),
                settings.string(Setting.POSTGRES_USER),
                settings.string(Setting.POSTGRES_PASSWORD));
    }

    private Process coordinatorProcess(Settings settings) throws Exception {
        List<String> command = new ArrayList<>(ChildJvm.java());
        command.add("-XX:TieredStopAtLevel=1");
        command.add(CoordinatorProcess.class.getName());
        ProcessBuilder builder = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(stack.folder().resolve("coordinator.log").toFile());
        builder.environment().putAll(settings.asEnvironment());
        return builder.start();
    }
}
