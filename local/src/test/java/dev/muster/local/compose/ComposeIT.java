package dev.muster.local.compose;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.muster.config.Setting;
import dev.muster.config.Settings;
import dev.muster.job.JobState;
import dev.muster.kafka.KafkaClients;
import dev.muster.local.submit.Submitter;
import dev.muster.protocol.Submission;
import dev.muster.store.AuditReader;
import dev.muster.store.Database;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.testcontainers.containers.ComposeContainer;
import org.testcontainers.containers.ContainerState;
import org.testcontainers.junit.jupiter.Container;
import org.testcontainers.junit.jupiter.Testcontainers;

/**
 * {@code docker-compose.yml} as it stands, with the image from this build, on ports of its own. Skips, and says so,
 * where no Docker engine answers.
 */
@Testcontainers(disabledWithoutDocker = true)
class ComposeIT {
    private static final int JOBS = 60;
    private static final int KAFKA = freePort();
    private static final int POSTGRES = freePort();
    private static final int SANDBOX = freePort();
    private static final int API = freePort();

    @Container
    private final ComposeContainer stack = new ComposeContainer(composeFile())
            .withEnv("KAFKA_PORT", Integer.toString(KAFKA))
            .withEnv("POSTGRES_PORT", Integer.toString(POSTGRES))
            .withEnv("SANDBOX_PORT", Integer.toString(SANDBOX))
            .withEnv("API_PORT", Integer.toString(API))
            .withEnv("PROMETHEUS_PORT", Integer.toString(freePort()))
            .withEnv("MUSTER_IMAGE", "muster:test")
            .withBuild(true)
            .withPull(false)
            // All by name: with a scale, only the scaled and what they depend on are started.
            .withServices("coordinator", "worker", "prometheus")
            .withScaledService("worker", 2)
            .withStartupTimeout(Duration.ofMinutes(5));

    private final Settings settings = Settings.of(Map.of(
            Setting.KAFKA_BOOTSTRAP.key(), "127.0.0.1:" + KAFKA,
            Setting.POSTGRES_URL.key(), "jdbc:postgresql://127.0.0.1:" + POSTGRES + "/muster",
            Setting.POSTGRES_PASSWORD.key(), "muster"));

    @Test
    void payments_run_and_each_is_charged_once_although_a_worker_is_killed() {
        try (Database database = Database.open(settings, "compose-it", 1, Optional.empty())) {
            AuditReader reader = new AuditReader(database);
            await("both workers in service")
                    .atMost(Duration.ofMinutes(2))
                    .ignoreExceptions()
                    .until(() -> reader.workers().stream()
                                    .filter(AuditReader.LiveWorker::inService)
                                    .count()
                            == 2);
            await("the coordinator answers")
                    .atMost(Duration.ofMinutes(2))
                    .ignoreExceptions()
                    .until(() -> metrics().contains("muster_coordinator_leader 1.0"));

            submit();
            kill("worker-1");

            await("all jobs final")
                    .atMost(Duration.ofMinutes(2))
                    .until(() -> reader.progress().equals(new AuditReader.Progress(JOBS, 0, 0)));
            assertThat(reader.finals()).allMatch(job -> job.state() == JobState.SUCCEEDED);
            assertThat(get("http://127.0.0.1:" + SANDBOX + "/sandbox/charges").lines())
                    .hasSize(JOBS);
            await("the coordinator has handled the death")
                    .atMost(Duration.ofMinutes(1))
                    .untilAsserted(() -> assertThat(metrics())
                            .containsPattern("muster_failover_seconds_count\\{.*step=\"fence\".*} [1-9]"));
        }
    }

    private void submit() {
        byte[] payment =
                "{\"amount\":1999,\"currency\":\"eur\",\"customer\":\"cus_1\",\"payment_method\":\"pm_card_visa\"}"
                        .getBytes(UTF_8);
        try (Submitter submitter = Submitter.open(new KafkaClients(settings), "payments")) {
            for (int i = 0; i < JOBS; i++) {
                String id = Integer.toString(i);
                submitter.send(
                        new Submission("compose-it", id, "payment.charge", Optional.of(id), payment, Map.of()),
                        (_, failure) -> assertThat(failure).isNull());
            }
            submitter.flush();
        }
    }

    private void kill(String service) {
        ContainerState container = stack.getContainerByServiceName(service).orElseThrow();
        container
                .getDockerClient()
                .killContainerCmd(container.getContainerId())
                .withSignal("KILL")
                .exec();
    }

    private static String metrics() {
        return get("http://127.0.0.1:" + API + "/metrics");
    }

    private static String get(String url) {
        try (HttpClient client = HttpClient.newHttpClient()) {
            return client.send(HttpRequest.newBuilder(URI.create(url)).build(), HttpResponse.BodyHandlers.ofString())
                    .body();
        } catch (IOException e) {
            throw new UncheckedIOException("can't read " + url, e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while reading " + url, e);
        }
    }

    /** Tests run in their module's folder. */
    private static File composeFile() {
        return Path.of("..", "docker-compose.yml").toAbsolutePath().normalize().toFile();
    }

    private static int freePort() {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        } catch (IOException e) {
            throw new UncheckedIOException("can't find a free port", e);
        }
    }
}
