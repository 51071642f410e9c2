package dev.muster.coordinator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.muster.config.Setting;
import dev.muster.config.Settings;
import dev.muster.coordinator.liveness.WorkerStatus;
import dev.muster.embedded.ChildProcess;
import dev.muster.embedded.junit.ArchivedJvm;
import dev.muster.embedded.junit.KafkaCluster;
import dev.muster.embedded.junit.PostgresDatabase;
import dev.muster.fleet.Incarnation;
import dev.muster.kafka.KafkaClients;
import dev.muster.store.Database;
import dev.muster.store.FleetStore;
import dev.muster.store.FleetStore.LiveIncarnation;
import dev.muster.store.IncidentStore;
import dev.muster.store.IncidentStore.Incident;
import dev.muster.store.Migrations;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;

/** Coordinators on real servers, with workers that are real processes, and what tests ask about them. */
final class CoordinatorStack {
    static final Duration PATIENCE = Duration.ofSeconds(40);

    private static final ArchivedJvm JVM = new ArchivedJvm();

    private final Path folder;
    private final Settings settings;
    private final List<AutoCloseable> open = new ArrayList<>();
    private final Database database;
    private final FleetStore fleet;
    private final IncidentStore incidents;

    CoordinatorStack(PostgresDatabase postgres, KafkaCluster kafka, Path folder) {
        this.folder = folder;
        this.settings = Settings.of(Map.of(
                "muster.postgres.url", postgres.jdbcUrl(),
                "muster.postgres.user", postgres.user(),
                "muster.postgres.password", postgres.password(),
                "muster.kafka.bootstrap", kafka.bootstrapServers(),
                "muster.coordinator.port", "0",
                "muster.fleet.workers", "2",
                "muster.worker.drain-timeout", "5s"));
        this.database = Database.open(settings, "test", 4, Optional.empty());
        this.fleet = new FleetStore(database);
        this.incidents = new IncidentStore(database);
        open.add(database);
    }

    /** Ends all that was opened, the last first. */
    void close() throws Exception {
        for (AutoCloseable resource : open.reversed()) {
            resource.close();
        }
    }

    Database database() {
        return database;
    }

    FleetStore fleet() {
        return fleet;
    }

    IncidentStore incidents() {
        return incidents;
    }

    Path folder() {
        return folder;
    }

    Coordinator start(String command) throws InterruptedException {
        return start(Map.of(Setting.FLEET_COMMAND, command));
    }

    Coordinator start(Map<Setting, String> more) throws InterruptedException {
        Coordinator coordinator = Coordinator.start(settings(more));
        open.add(coordinator);
        return coordinator;
    }

    Settings settings(Map<Setting, String> more) {
        Settings all = settings.with(Setting.FLEET_RUN_FOLDER, folder.toString())
                .with(Setting.FLEET_SPARES, "0") // TinyWorker can't be one
                .with(Setting.COORDINATOR_NAME, "coordinator-" + open.size());
        for (Map.Entry<Setting, String> entry : more.entrySet()) {
            all = all.with(entry.getKey(), entry.getValue());
        }
        return all;
    }

    /** A worker's, which starts from an archive of its classes. */
    String command() {
        return String.join("\t", command(JVM.java(this::train)));
    }

    private static List<String> command(List<String> java) {
        List<String> words = new ArrayList<>(java);
        words.add("-XX:+UseSerialGC");
        words.add("-XX:TieredStopAtLevel=1");
        words.add("-Xmx64m");
        words.add(TinyWorker.class.getName());
        return words;
    }

    /** Runs a worker that no coordinator hears of, and that writes the archive at its end. */
    private void train(List<String> java) {
        Migrations.migrate(settings);
        String topic = "train";
        try (Admin admin = new KafkaClients(settings).admin("test")) {
            admin.createTopics(List.of(new NewTopic(topic, 1, (short) 1))).all().get();
        } catch (InterruptedException | ExecutionException e) {
            throw new IllegalStateException(e);
        }
        List<String> command = command(java);
        command.addAll(List.of(TinyWorker.TRAIN, topic));
        Map<String, String> environment =
                settings.with(Setting.WORKER_INCARNATION, "train.1").asEnvironment();
        ChildProcess.Spec spec = ChildProcess.Spec.of(command, folder.resolve("train.log"));
        ChildProcess worker = ChildProcess.start(new ChildProcess.Spec(
                spec.command(), environment, spec.output(), spec.account(), spec.onParentDeath()));
        if (!worker.awaitExit(PATIENCE)) {
            worker.killHard();
        }
        assertThat(worker.onExit().join().code())
                .as("training; it said: %s", worker.lastLines())
                .isZero();
    }

    Map<String, LiveIncarnation> awaitHealthy(Coordinator coordinator, int count) {
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

    Map<String, LiveIncarnation> awaitSuccessor(Coordinator coordinator, Incarnation victim) {
        await().atMost(PATIENCE)
                .until(() -> fleet.live().stream()
                        .anyMatch(l -> l.incarnation().worker().equals(victim.worker())
                                && !l.incarnation().equals(victim)));
        return awaitHealthy(coordinator, 2);
    }

    static LiveIncarnation the(String worker, Map<String, LiveIncarnation> workers) {
        return Objects.requireNonNull(workers.get(worker), worker);
    }

    Map<String, LiveIncarnation> live() {
        return fleet.live().stream()
                .collect(Collectors.toMap(l -> l.incarnation().worker(), l -> l));
    }

    static Set<Incarnation> incarnations(Map<String, LiveIncarnation> live) {
        return live.values().stream().map(LiveIncarnation::incarnation).collect(Collectors.toSet());
    }

    Incident awaitClosedIncident(String kind, Incarnation subject) {
        await().atMost(PATIENCE).until(() -> incidentsOf(subject).stream().anyMatch(i -> i.closedAt() != null));
        List<Incident> found = incidentsOf(subject);
        assertThat(found).hasSize(1);
        assertThat(found.getFirst().kind()).isEqualTo(kind);
        return found.getFirst();
    }

    List<Incident> incidentsOf(Incarnation subject) {
        return incidents.recent(100).stream()
                .filter(incident -> incident.subject().equals(subject.id()))
                .toList();
    }

    static long pid(LiveIncarnation worker) {
        Long pid = worker.process().pid();
        return pid == null ? -1 : pid;
    }

    static void signal(String name, LiveIncarnation worker) throws Exception {
        new ProcessBuilder("kill", "-" + name, Long.toString(pid(worker)))
                .start()
                .waitFor();
    }

    static HttpResponse<String> get(Coordinator coordinator, String path) throws Exception {
        try (HttpClient client = HttpClient.newHttpClient()) {
            return client.send(
                    HttpRequest.newBuilder(URI.create(coordinator.url() + path)).build(),
                    HttpResponse.BodyHandlers.ofString());
        }
    }
}
