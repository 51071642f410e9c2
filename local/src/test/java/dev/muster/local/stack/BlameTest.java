package dev.muster.local.stack;

import static org.assertj.core.api.Assertions.assertThat;

import dev.muster.config.Settings;
import dev.muster.embedded.EmbeddedServer;
import dev.muster.embedded.EmbeddedServerException;
import dev.muster.embedded.EmbeddedServerException.ErrorCode;
import dev.muster.embedded.PostgresServer;
import dev.muster.embedded.sandbox.SandboxConfig;
import dev.muster.embedded.sandbox.SandboxServer;
import dev.muster.supervision.ExitReason;
import dev.muster.supervision.runtime.SupervisionEvent;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** What is told of servers that were never started: nothing here needs them to run. */
class BlameTest {
    private static final Path FOLDER = Path.of("/data");
    private static final ExitReason BROKEN = new ExitReason.Crash("broken");

    private final Map<String, EmbeddedServer> servers = Map.of(
            "postgres", new PostgresServer(PostgresServer.Config.in(FOLDER)),
            "sandbox", new SandboxServer(SandboxConfig.in(FOLDER)));
    private final Blame blame = new Blame(servers);

    @Test
    void the_server_is_named_and_not_the_supervisors_that_it_has_brought_down() {
        blame.failed("sandbox", new IllegalStateException("an earlier trouble"));
        blame.accept(new SupervisionEvent.StartFailed("stack/servers", "sandbox", BROKEN));
        blame.failed("postgres", new EmbeddedServerException(ErrorCode.START_FAILED, "It has no control file."));
        blame.accept(new SupervisionEvent.StartFailed("stack/servers", "postgres", BROKEN));
        blame.accept(new SupervisionEvent.Escalated("stack/servers", "postgres"));
        blame.accept(new SupervisionEvent.StartFailed("stack", "servers", BROKEN));
        blame.accept(new SupervisionEvent.Escalated("stack", "servers"));

        assertThat(blame.gaveUp(10, Duration.ofSeconds(60)))
                .hasMessageStartingWith("postgres can't be kept running: more than 10 restarts within 60 s")
                .hasMessageContaining("It has no control file.")
                .hasMessageEndingWith("All of its log is in /data/postgres.log");
    }

    @Test
    void a_first_start_that_fails_says_of_which_server_and_why() {
        blame.failed("sandbox", new EmbeddedServerException(ErrorCode.START_FAILED, "Its port is taken."));
        blame.accept(new SupervisionEvent.StartFailed("stack/servers", "sandbox", BROKEN));

        assertThat(blame.notStarted(new IllegalStateException("servers did not start")))
                .isInstanceOf(StackException.class)
                .hasMessageStartingWith("sandbox does not start, so nothing does. Its port is taken.");
    }

    @Test
    void a_fault_of_the_preparation_is_told_as_it_is() {
        IllegalStateException fault = new IllegalStateException("no such schema");
        Map<String, EmbeddedServer> withCoordinator =
                Map.of("coordinator", new CoordinatorServer("coordinator", FOLDER, 0, () -> Settings.of(Map.of())));
        Blame theirs = new Blame(withCoordinator);
        theirs.failed("coordinator", fault);
        theirs.accept(new SupervisionEvent.StartFailed("stack", "coordinator", BROKEN));

        assertThat(theirs.notStarted(new IllegalStateException("coordinator did not start")))
                .isSameAs(fault);
    }

    @Test
    void people_hear_of_a_server_that_does_not_start_once_and_of_every_supervisor_that_gives_up() {
        List<String> said = new ArrayList<>();
        News news = new News(servers, said::add);

        news.accept(new SupervisionEvent.StartFailed("stack/servers", "postgres", BROKEN));
        news.accept(new SupervisionEvent.StartFailed("stack/servers", "postgres", BROKEN));
        news.accept(new SupervisionEvent.Escalated("stack/servers", "postgres"));
        news.accept(new SupervisionEvent.StartFailed("stack", "servers", BROKEN));
        news.accept(new SupervisionEvent.Ended("stack", BROKEN));

        assertThat(said)
                .containsExactly(
                        "postgres does not start (its log: /data/postgres.log)",
                        "too many restarts because of postgres: its supervisor stack/servers gives up and stops what it"
                                + " has started");
    }
}
