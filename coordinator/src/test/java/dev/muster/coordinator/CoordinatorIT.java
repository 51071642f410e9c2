package dev.muster.coordinator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.muster.config.Setting;
import dev.muster.config.Settings;
import dev.muster.coordinator.liveness.WorkerStatus;
import dev.muster.embedded.ChildJvm;
import dev.muster.embedded.junit.EmbeddedServers;
import dev.muster.embedded.junit.KafkaCluster;
import dev.muster.embedded.junit.PostgresDatabase;
import dev.muster.fleet.Incarnation;
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
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** A whole coordinator with real servers and workers that are real processes. */
@ExtendWith(EmbeddedServers.class)
class CoordinatorIT {
    private static final Duration PATIENCE = Duration.ofSeconds(40);

    @TempDir
    Path folder;

    private final Settings settings;
    private final List<AutoCloseable> open = new ArrayList<>();
    private Database database;
    private FleetStore fleet;
    private IncidentStore incidents;

    CoordinatorIT(PostgresDatabase postgres, KafkaCluster kafka) {
        this.settings = Settings.of(Map.of(
                "muster.postgres.url", postgres.jdbcUrl(),
                "muster.postgres.user", postgres.user(),
                "muster.postgres.password", postgres.password(),
                "muster.kafka.bootstrap", kafka.bootstrapServers(),
                "muster.coordinator.port", "0",
                "muster.fleet.workers", "2",
                "muster.worker.drain-timeout", "5s"));
        this.database = Database.open(settings, "test", 2, Optional.empty());
        this.fleet = new FleetStore(database);
        this.incidents = new IncidentStore(database);
    }

    @BeforeEach
    void openDatabase() {
        open.add(database);
    }

    @AfterEach
    void closeAll() throws Exception {
        for (AutoCloseable resource : open.reversed()) {
            resource.close();
        }
    }

    @Test
    void a_killed_worker_is_fenced_and_started_again_with_one_incident() throws Exception {
        Coordinator coordinator = start(command());
        Map<String, LiveIncarnation> before = awaitHealthy(coordinator, 2);
        LiveIncarnation victim = the("worker-1", before);

        signal("KILL", victim);

        Map<String, LiveIncarnation> after = awaitSuccessor(coordinator, victim.incarnation());
        assertThat(the("worker-2", after)).isEqualTo(the("worker-2", before));
        Incident incident = awaitClosedIncident("worker_exited", victim.incarnation());
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
        Coordinator coordinator = start(command());
        LiveIncarnation victim = the("worker-2", awaitHealthy(coordinator, 2));

        signal("STOP", victim);

        awaitSuccessor(coordinator, victim.incarnation());
        Incident incident = awaitClosedIncident("worker_silent", victim.incarnation());
        JsonNode detail = Json.MAPPER.readTree(incident.detail());
        assertThat(detail.path("silent_ms").longValue()).isBetween(1_500L, 6_000L);
        assertThat(detail.path("kill").stringValue("")).startsWith("killed");
        assertThat(ProcessHandle.of(pid(victim))).isEmpty();
        assertThat(incidentsOf(victim.incarnation())).hasSize(1);
        System.out.println("MEASURED silence: " + incident.detail());
    }

    @Test
    void a_new_coordinator_goes_on_with_the_workers_that_run() throws Exception {
        Coordinator first = start(command());
        Map<String, LiveIncarnation> before = awaitHealthy(first, 2);
        first.detach();

        Coordinator second = start(command());
        Map<String, LiveIncarnation> found = awaitHealthy(second, 2);
        LiveIncarnation victim = the("worker-1", found);
        assertThat(incarnations(found)).isEqualTo(incarnations(before));

        signal("KILL", victim);

        Map<String, LiveIncarnation> after = awaitSuccessor(second, victim.incarnation());
        assertThat(the("worker-2", after).incarnation())
                .isEqualTo(the("worker-2", before).incarnation());
        assertThat(awaitClosedIncident("worker_exited", victim.incarnation()).detail())
                .doesNotContain("exit_code");
    }

    @Test
    void closing_ends_the_workers_without_an_incident() throws Exception {
        Coordinator coordinator = start(command());
        Map<String, LiveIncarnation> workers = awaitHealthy(coordinator, 2);

        coordinator.close();

        assertThat(fleet.live()).isEmpty();
        workers.values().forEach(worker -> {
            assertThat(ProcessHandle.of(pid(worker)).filter(ProcessHandle::isAlive))
                    .isEmpty();
            assertThat(incidentsOf(worker.incarnation())).isEmpty();
        });
    }

    @Test
    void a_pool_that_breaks_is_given_up_for_good_and_comes_back_when_an_operator_says_so() throws Exception {
        Migrations.migrate(settings);
        QueueStore queues = new QueueStore(database);
        queues.create(new Queue("given-up", Ordering.NONE, "default", 1, Optional.empty(), false));
        PoolStore pools = new PoolStore(database);
        Map<Setting, String> more = new HashMap<>();
        more.put(Setting.FLEET_COMMAND, command() + "\t1");
        more.put(Setting.FLEET_INTENSITY, "2");
        more.put(Setting.FLEET_PERIOD, "1m");
        try (Coordinator breaking = start(more)) {
            await().atMost(PATIENCE).until(() -> pools.isGivenUp("default"));
            assertThat(breaking.epoch()).isPresent();
        }

        assertThat(givenUp()).singleElement().satisfies(incident -> {
            assertThat(incident.summary()).contains("3 restarts within").contains("muster fleet restart default");
            assertThat(incident.closedAt()).isNull();
        });
        assertThat(queues.find("given-up")).get().extracting(Queue::paused).isEqualTo(true);

        Coordinator next = start(command()); // what was broken is mended
        await().atMost(PATIENCE).until(() -> next.epoch().isPresent());
        await().during(Duration.ofSeconds(3))
                .atMost(PATIENCE)
                .until(() -> fleet.live().isEmpty());
        assertThat(pools.restart("default")).isTrue();

        awaitHealthy(next, 2);
        assertThat(givenUp()).singleElement().extracting(Incident::closedAt).isNotNull();
        assertThat(queues.find("given-up")).get().extracting(Queue::paused).isEqualTo(false);
        assertThat(pools.restart("default")).isFalse();
    }

    @Test
    void a_pool_that_is_given_up_stops_what_still_runs() throws Exception {
        Coordinator coordinator = start(command());
        awaitHealthy(coordinator, 2);
        long epoch = coordinator.epoch().orElseThrow();

        new PoolStore(database).giveUp("default", "for this test", Map.of(), epoch);

        await().atMost(PATIENCE).until(() -> fleet.live().isEmpty());
        new PoolStore(database).restart("default"); // the other tests have the same database
    }

    private List<Incident> givenUp() {
        return incidents.recent(50).stream()
                .filter(incident -> incident.kind().equals("pool_given_up"))
                .toList();
    }

    @Test
    void a_worker_with_a_wrong_configuration_is_not_started_again() throws Exception {
        start(Map.of(Setting.FLEET_COMMAND, command() + "\t2", Setting.FLEET_WORKERS, "1"));

        await().atMost(PATIENCE)
                .until(() -> incidents.recent(50).stream()
                        .anyMatch(i -> i.kind().equals("worker_misconfigured")
                                && i.summary().contains("configuration is wrong")));
        assertThat(fleet.live()).isEmpty();
    }

    @Test
    void a_standby_takes_over_when_the_leader_ends() throws Exception {
        Map<Setting, String> none = Map.of(Setting.FLEET_WORKERS, "0");
        Coordinator leader = start(none);
        await().atMost(PATIENCE).until(() -> leader.epoch().isPresent());
        Coordinator standby = start(with(none, Setting.COORDINATOR_NAME, "standby"));
        assertThat(standby.epoch()).isEmpty();
        long epoch = leader.epoch().getAsLong();

        leader.close();

        await().atMost(PATIENCE).until(() -> standby.epoch().isPresent());
        assertThat(standby.epoch().getAsLong()).isGreaterThan(epoch);
    }

    @Test
    void the_api_shows_the_fleet_and_changes_nothing() throws Exception {
        Coordinator coordinator = start(command());
        awaitHealthy(coordinator, 2);

        JsonNode fleetView =
                Json.MAPPER.readTree(get(coordinator, "/api/v1/fleet").body());
        assertThat(fleetView.path("workers").size()).isEqualTo(2);
        assertThat(fleetView.at("/workers/0/state").stringValue("")).isEqualTo("healthy");
        JsonNode overview =
                Json.MAPPER.readTree(get(coordinator, "/api/v1/overview").body());
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
            HttpResponse<String> response = get(coordinator, path);
            assertThat(response.statusCode()).as(path).isEqualTo(200);
            assertThat(response.headers().firstValue("Content-Security-Policy").orElse(""))
                    .as(path)
                    .startsWith("default-src 'none'");
        }
        assertThat(get(coordinator, "/metrics").body())
                .contains("muster_coordinator_leader 1.0")
                .contains("muster_workers{state=\"healthy\"} 2.0")
                .contains("muster_supervisor_restarts_total{reason=\"crash\",supervisor=\"default\"} 0.0");
        assertThat(get(coordinator, "/api/v1/jobs/nonsense").statusCode()).isEqualTo(400);
        assertThat(get(coordinator, "/api/v1/jobs?limit=1000").statusCode()).isEqualTo(400);
        assertThat(get(coordinator, "/api/v1/jobs/00000000-0000-8000-8000-000000000000")
                        .statusCode())
                .isEqualTo(404);
        assertThat(get(coordinator, "/assets/../web/index.html").statusCode()).isEqualTo(404);
    }

    private Coordinator start(String command) throws InterruptedException {
        return start(Map.of(Setting.FLEET_COMMAND, command));
    }

    private Coordinator start(Map<Setting, String> more) throws InterruptedException {
        Settings all = settings.with(Setting.FLEET_RUN_FOLDER, folder.toString());
        for (Map.Entry<Setting, String> entry :
                with(more, Setting.COORDINATOR_NAME, "").entrySet()) {
            String value = entry.getKey() == Setting.COORDINATOR_NAME
                            && entry.getValue().isEmpty()
                    ? "coordinator-" + open.size()
                    : entry.getValue();
            all = all.with(entry.getKey(), value);
        }
        Coordinator coordinator = Coordinator.start(all);
        open.add(coordinator);
        return coordinator;
    }

    private static Map<Setting, String> with(Map<Setting, String> settings, Setting setting, String value) {
        Map<Setting, String> copy = new HashMap<>(settings);
        copy.putIfAbsent(setting, value);
        return copy;
    }

    private static String command() {
        List<String> words = new ArrayList<>(ChildJvm.java());
        words.add("-XX:TieredStopAtLevel=1");
        words.add("-Xmx64m");
        words.add(TinyWorker.class.getName());
        return String.join("\t", words);
    }

    private Map<String, LiveIncarnation> awaitHealthy(Coordinator coordinator, int count) {
        await().atMost(PATIENCE).until(() -> {
            Set<Incarnation> healthy = coordinator.workers().workers().entrySet().stream()
                    .filter(entry -> entry.getValue().status() == WorkerStatus.HEALTHY
                            && entry.getValue().heard())
                    .map(Map.Entry::getKey)
                    .collect(Collectors.toSet());
            return healthy.size() == count
                    && healthy.equals(fleet.live().stream()
                            .map(LiveIncarnation::incarnation)
                            .collect(Collectors.toSet()));
        });
        return live();
    }

    private Map<String, LiveIncarnation> awaitSuccessor(Coordinator coordinator, Incarnation victim) {
        await().atMost(PATIENCE)
                .until(() -> fleet.live().stream()
                        .anyMatch(l -> l.incarnation().worker().equals(victim.worker())
                                && !l.incarnation().equals(victim)));
        return awaitHealthy(coordinator, 2);
    }

    private static LiveIncarnation the(String worker, Map<String, LiveIncarnation> workers) {
        return Objects.requireNonNull(workers.get(worker), worker);
    }

    private Map<String, LiveIncarnation> live() {
        return fleet.live().stream()
                .collect(Collectors.toMap(l -> l.incarnation().worker(), l -> l));
    }

    private static Set<Incarnation> incarnations(Map<String, LiveIncarnation> live) {
        return live.values().stream().map(LiveIncarnation::incarnation).collect(Collectors.toSet());
    }

    private Incident awaitClosedIncident(String kind, Incarnation subject) {
        await().atMost(PATIENCE).until(() -> incidentsOf(subject).stream().anyMatch(i -> i.closedAt() != null));
        List<Incident> found = incidentsOf(subject);
        assertThat(found).hasSize(1);
        assertThat(found.getFirst().kind()).isEqualTo(kind);
        return found.getFirst();
    }

    private List<Incident> incidentsOf(Incarnation subject) {
        return incidents.recent(100).stream()
                .filter(incident -> incident.subject().equals(subject.id()))
                .toList();
    }

    private static long pid(LiveIncarnation worker) {
        Long pid = worker.process().pid();
        return pid == null ? -1 : pid;
    }

    private static void signal(String name, LiveIncarnation worker) throws Exception {
        new ProcessBuilder("kill", "-" + name, Long.toString(pid(worker)))
                .start()
                .waitFor();
    }

    private static HttpResponse<String> get(Coordinator coordinator, String path) throws Exception {
        try (HttpClient client = HttpClient.newHttpClient()) {
            return client.send(
                    HttpRequest.newBuilder(URI.create(coordinator.url() + path)).build(),
                    HttpResponse.BodyHandlers.ofString());
        }
    }
}
