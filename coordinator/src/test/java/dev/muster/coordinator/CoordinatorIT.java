package dev.muster.coordinator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.muster.config.Setting;
import dev.muster.embedded.junit.EmbeddedServers;
import dev.muster.embedded.junit.KafkaCluster;
import dev.muster.embedded.junit.PostgresDatabase;
import dev.muster.job.Ordering;
import dev.muster.job.Queue;
import dev.muster.protocol.Json;
import dev.muster.store.Database;
import dev.muster.store.FleetStore;
import dev.muster.store.FleetStore.LiveIncarnation;
import dev.muster.store.IncidentStore;
import dev.muster.store.IncidentStore.Incident;
import dev.muster.store.Migrations;
import dev.muster.store.PoolStore;
import dev.muster.store.QueueStore;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** A whole coordinator with real servers and workers that are real processes. */
@ExtendWith(EmbeddedServers.class)
class CoordinatorIT {
    private final CoordinatorStack stack;
    private final FleetStore fleet;
    private final IncidentStore incidents;
    private final Database database;

    CoordinatorIT(PostgresDatabase postgres, KafkaCluster kafka, @TempDir Path folder) {
        this.stack = new CoordinatorStack(postgres, kafka, folder);
        this.fleet = stack.fleet();
        this.incidents = stack.incidents();
        this.database = stack.database();
    }

    @AfterEach
    void closeAll() throws Exception {
        stack.close();
    }

    @Test
    void a_killed_worker_is_fenced_and_started_again_with_one_incident() throws Exception {
        Coordinator coordinator = stack.start(stack.command());
        Map<String, LiveIncarnation> before = stack.awaitHealthy(coordinator, 2);
        LiveIncarnation victim = CoordinatorStack.the("worker-1", before);

        CoordinatorStack.signal("KILL", victim);

        Map<String, LiveIncarnation> after = stack.awaitSuccessor(coordinator, victim.incarnation());
        assertThat(CoordinatorStack.the("worker-2", after)).isEqualTo(CoordinatorStack.the("worker-2", before));
        Incident incident = stack.awaitClosedIncident("worker_exited", victim.incarnation());
        JsonNode detail = Json.MAPPER.readTree(incident.detail());
        assertThat(detail.path("exit_code").intValue()).isEqualTo(137);
        assertThat(detail.path("last_log_lines").toString()).contains("I am " + victim.incarnation());
        assertThat(detail.path("fence").stringValue("")).isEqualTo("fenced");
        assertThat(detail.path("restart_ms").doubleValue()).isPositive();
        assertThat(detail.path("evict_ms").isNumber()).isTrue();
        System.out.println("MEASURED exit: " + incident.detail());
    }

    @Test
    void a_stopped_worker_is_lost_on_two_facts_killed_and_started_again() throws Exception {
        Coordinator coordinator = stack.start(stack.command());
        LiveIncarnation victim = CoordinatorStack.the("worker-2", stack.awaitHealthy(coordinator, 2));

        CoordinatorStack.signal("STOP", victim);

        stack.awaitSuccessor(coordinator, victim.incarnation());
        Incident incident = stack.awaitClosedIncident("worker_silent", victim.incarnation());
        JsonNode detail = Json.MAPPER.readTree(incident.detail());
        assertThat(detail.path("silent_ms").longValue()).isBetween(1_500L, 6_000L);
        assertThat(detail.path("kill").stringValue("")).startsWith("killed");
        assertThat(ProcessHandle.of(CoordinatorStack.pid(victim))).isEmpty();
        assertThat(stack.incidentsOf(victim.incarnation())).hasSize(1);
        System.out.println("MEASURED silence: " + incident.detail());
    }

    @Test
    void a_new_coordinator_goes_on_with_the_workers_that_run() throws Exception {
        Coordinator first = stack.start(stack.command());
        Map<String, LiveIncarnation> before = stack.awaitHealthy(first, 2);
        first.detach();

        Coordinator second = stack.start(stack.command());
        Map<String, LiveIncarnation> found = stack.awaitHealthy(second, 2);
        LiveIncarnation victim = CoordinatorStack.the("worker-1", found);
        assertThat(CoordinatorStack.incarnations(found)).isEqualTo(CoordinatorStack.incarnations(before));

        CoordinatorStack.signal("KILL", victim);

        Map<String, LiveIncarnation> after = stack.awaitSuccessor(second, victim.incarnation());
        assertThat(CoordinatorStack.the("worker-2", after).incarnation())
                .isEqualTo(CoordinatorStack.the("worker-2", before).incarnation());
        assertThat(stack.awaitClosedIncident("worker_exited", victim.incarnation())
                        .detail())
                .doesNotContain("exit_code");
    }

    @Test
    void closing_ends_the_workers_without_an_incident() throws Exception {
        Coordinator coordinator = stack.start(stack.command());
        Map<String, LiveIncarnation> workers = stack.awaitHealthy(coordinator, 2);

        coordinator.close();

        assertThat(fleet.live()).isEmpty();
        workers.values().forEach(worker -> {
            assertThat(ProcessHandle.of(CoordinatorStack.pid(worker)).filter(ProcessHandle::isAlive))
                    .isEmpty();
            assertThat(stack.incidentsOf(worker.incarnation())).isEmpty();
        });
    }

    @Test
    void a_pool_that_breaks_is_given_up_for_good_and_comes_back_when_an_operator_says_so() throws Exception {
        Migrations.migrate(stack.settings(Map.of()));
        QueueStore queues = new QueueStore(database);
        queues.create(new Queue("given-up", Ordering.NONE, "default", 1, Optional.empty(), false));
        PoolStore pools = new PoolStore(database);
        Map<Setting, String> more = new HashMap<>();
        more.put(Setting.FLEET_COMMAND, stack.command() + "\t1");
        more.put(Setting.FLEET_INTENSITY, "2");
        more.put(Setting.FLEET_PERIOD, "1m");
        try (Coordinator breaking = stack.start(more)) {
            await().atMost(CoordinatorStack.PATIENCE).until(() -> pools.isGivenUp("default"));
            assertThat(breaking.epoch()).isPresent();
        }

        assertThat(givenUp()).singleElement().satisfies(incident -> {
            assertThat(incident.summary()).contains("3 restarts within").contains("muster fleet restart default");
            assertThat(incident.closedAt()).isNull();
        });
        assertThat(queues.find("given-up")).get().extracting(Queue::paused).isEqualTo(true);

        Coordinator next = stack.start(stack.command()); // what was broken is mended
        await().atMost(CoordinatorStack.PATIENCE).until(() -> next.epoch().isPresent());
        await().during(Duration.ofSeconds(3))
                .atMost(CoordinatorStack.PATIENCE)
                .until(() -> fleet.live().isEmpty());
        assertThat(pools.restart("default")).isTrue();

        stack.awaitHealthy(next, 2);
        assertThat(givenUp()).singleElement().extracting(Incident::closedAt).isNotNull();
        assertThat(queues.find("given-up")).get().extracting(Queue::paused).isEqualTo(false);
        assertThat(pools.restart("default")).isFalse();
    }

    @Test
    void a_pool_that_is_given_up_stops_what_still_runs() throws Exception {
        Coordinator coordinator = stack.start(stack.command());
        stack.awaitHealthy(coordinator, 2);
        long epoch = coordinator.epoch().orElseThrow();

        new PoolStore(database).giveUp("default", "for this test", Map.of(), epoch);

        await().atMost(CoordinatorStack.PATIENCE).until(() -> fleet.live().isEmpty());
        new PoolStore(database).restart("default"); // the other tests have the same database
    }

    private List<Incident> givenUp() {
        return incidents.recent(50).stream()
                .filter(incident -> incident.kind().equals("pool_given_up"))
                .toList();
    }

    @Test
    void a_worker_with_a_wrong_configuration_is_not_started_again() throws Exception {
        stack.start(Map.of(Setting.FLEET_COMMAND, stack.command() + "\t2", Setting.FLEET_WORKERS, "1"));

        await().atMost(CoordinatorStack.PATIENCE)
                .until(() -> incidents.recent(50).stream()
                        .anyMatch(i -> i.kind().equals("worker_misconfigured")
                                && i.summary().contains("configuration is wrong")));
        // Its fence is written beside the incident, so either may come first.
        await().atMost(CoordinatorStack.PATIENCE).until(() -> fleet.live().isEmpty());
        await().during(Duration.ofSeconds(2))
                .atMost(CoordinatorStack.PATIENCE)
                .until(() -> fleet.live().isEmpty());
    }

    @Test
    void a_standby_takes_over_when_the_leader_ends() throws Exception {
        Map<Setting, String> none = Map.of(Setting.FLEET_WORKERS, "0");
        Coordinator leader = stack.start(none);
        await().atMost(CoordinatorStack.PATIENCE).until(() -> leader.epoch().isPresent());
        Coordinator standby = stack.start(Map.of(Setting.FLEET_WORKERS, "0", Setting.COORDINATOR_NAME, "standby"));
        assertThat(standby.epoch()).isEmpty();
        long epoch = leader.epoch().getAsLong();

        leader.close();

        await().atMost(CoordinatorStack.PATIENCE).until(() -> standby.epoch().isPresent());
        assertThat(standby.epoch().getAsLong()).isGreaterThan(epoch);
    }

    /** Such as a container that was scaled; they would act under one epoch. */
    @Test
    void coordinators_that_were_given_the_same_name_do_not_lead_together() throws Exception {
        Map<Setting, String> same = Map.of(Setting.FLEET_WORKERS, "0", Setting.COORDINATOR_NAME, "the-same");
        Coordinator leader = stack.start(same);
        await().atMost(CoordinatorStack.PATIENCE).until(() -> leader.epoch().isPresent());
        Coordinator other = stack.start(same);

        await().during(Duration.ofSeconds(3))
                .atMost(CoordinatorStack.PATIENCE)
                .until(() -> leader.epoch().isPresent() && other.epoch().isEmpty());
    }

    @Test
    void the_api_shows_the_fleet_and_changes_nothing() throws Exception {
        Coordinator coordinator = stack.start(stack.command());
        stack.awaitHealthy(coordinator, 2);

        JsonNode fleetView = Json.MAPPER.readTree(
                CoordinatorStack.get(coordinator, "/api/v1/fleet").body());
        assertThat(fleetView.path("workers").size()).isEqualTo(2);
        assertThat(fleetView.at("/workers/0/state").stringValue("")).isEqualTo("healthy");
        JsonNode overview = Json.MAPPER.readTree(
                CoordinatorStack.get(coordinator, "/api/v1/overview").body());
        assertThat(overview.path("health").stringValue("")).isEqualTo("healthy");
        assertThat(overview.path("slots").intValue()).isEqualTo(128);
        for (String path : List.of(
                "/",
                "/assets/muster.js",
                "/assets/muster.css",
                "/api/v1/incidents",
                "/api/v1/queues",
                "/api/v1/jobs?state=running&limit=5",
                "/api/v1/stats",
                "/health/live",
                "/health/ready")) {
            HttpResponse<String> response = CoordinatorStack.get(coordinator, path);
            assertThat(response.statusCode()).as(path).isEqualTo(200);
            assertThat(response.headers().firstValue("Content-Security-Policy").orElse(""))
                    .as(path)
                    .startsWith("default-src 'none'");
        }
        assertThat(CoordinatorStack.get(coordinator, "/metrics").body())
                .contains("muster_coordinator_leader 1.0")
                .contains("muster_workers{state=\"healthy\"} 2.0")
                .contains("muster_supervisor_restarts_total{reason=\"crash\",supervisor=\"default\"} 0.0");
        assertThat(CoordinatorStack.get(coordinator, "/api/v1/jobs/nonsense").statusCode())
                .isEqualTo(400);
        assertThat(CoordinatorStack.get(coordinator, "/api/v1/jobs?limit=1000").statusCode())
                .isEqualTo(400);
        assertThat(CoordinatorStack.get(coordinator, "/api/v1/jobs/00000000-0000-8000-8000-000000000000")
                        .statusCode())
                .isEqualTo(404);
        assertThat(CoordinatorStack.get(coordinator, "/assets/../web/index.html")
                        .statusCode())
                .isEqualTo(404);
    }
}
