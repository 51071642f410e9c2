package dev.muster.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.AppenderBase;
import dev.muster.config.Settings;
import dev.muster.embedded.PostgresServer;
import dev.muster.store.SupervisionStore.Filter;
import dev.muster.store.SupervisionStore.Happened;
import dev.muster.store.SupervisionStore.Kind;
import dev.muster.store.SupervisionStore.Numbered;
import dev.muster.store.SupervisionStore.Subject;
import dev.muster.store.SupervisionStore.Why;
import dev.muster.supervision.ChildSpec;
import dev.muster.supervision.ExitReason;
import dev.muster.supervision.SupervisorFlags;
import dev.muster.supervision.runtime.ChildDefinition;
import dev.muster.supervision.runtime.SupervisionEvent;
import dev.muster.supervision.runtime.Supervisor;
import dev.muster.supervision.runtime.ThreadLife;
import dev.muster.time.Ticker;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;

/** What happens under supervisors is on record, also when Postgres was away meanwhile. On a Postgres that is killed. */
final class SupervisionHistoryIT {
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final Instant MONDAY = Instant.parse("2026-03-02T08:00:00Z");

    @TempDir
    Path folder;

    private final AtomicReference<Instant> time = new AtomicReference<>(MONDAY);
    private final Ticker clock = new Ticker() {
        @Override
        public long nanos() {
            return Duration.between(MONDAY, time.get()).toNanos();
        }

        @Override
        public Instant now() {
            return time.get();
        }
    };
    private final List<AutoCloseable> open = new ArrayList<>();
    private PostgresServer server = new PostgresServer(PostgresServer.Config.in(Path.of("target/never-started")));

    private final List<String> log = new CopyOnWriteArrayList<>();
    private final AppenderBase<ILoggingEvent> appender = new AppenderBase<>() {
        @Override
        protected void append(ILoggingEvent event) {
            log.add(event.getFormattedMessage());
        }
    };

    @BeforeEach
    void listen() {
        Logger logger = (Logger) LoggerFactory.getLogger(SupervisionHistory.class);
        appender.start();
        logger.addAppender(appender);
        open.add(() -> logger.detachAppender(appender));
    }

    @BeforeEach
    void start() {
        server = new PostgresServer(PostgresServer.Config.in(folder));
        server.start();
        open.add(server::stop);
    }

    @AfterEach
    void close() throws Exception {
        for (AutoCloseable resource : open.reversed()) {
            resource.close();
        }
    }

    @Test
    void what_a_supervisor_does_is_on_record_in_its_order() throws Exception {
        Migrations.migrate(settings());
        Database database = opened(database());
        SupervisionStore store = new SupervisionStore(database);
        CountDownLatch crash = new CountDownLatch(1);
        ChildDefinition child = new ChildDefinition(
                ChildSpec.worker("child"),
                () -> Optional.of(ThreadLife.service("child", () -> {
                    crash.await();
                    throw new IllegalStateException("broken\0");
                })));
        SupervisionHistory history = new SupervisionHistory("test").writeTo(database);

        Supervisor supervisor = Supervisor.start(
                "local/servers",
                SupervisorFlags.defaults().withIntensity(1, Duration.ofMinutes(1)),
                List.of(child),
                Ticker.system(),
                history);
        crash.countDown();
        supervisor.onExit().get(20, TimeUnit.SECONDS);
        history.close();

        List<Happened> events = store.recent(Filter.newest(100)).reversed();
        assertThat(events)
                .extracting(Happened::kind)
                .containsExactly(Kind.STARTED, Kind.EXITED, Kind.STARTED, Kind.EXITED, Kind.ESCALATED, Kind.ENDED);
        assertThat(events).allSatisfy(event -> {
            assertThat(event.origin()).isEqualTo("test");
            assertThat(event.subject().path()).isEqualTo("local/servers");
        });
        Happened exit = events.get(1);
        assertThat(exit.subject().child()).contains("child");
        assertThat(exit.subject().incarnation())
                .isEqualTo(events.get(0).subject().incarnation())
                .isNotEqualTo(events.get(2).subject().incarnation());
        assertThat(exit.why().reason()).contains("crash");
        assertThat(exit.why().detail()).get().asString().contains("broken\ufffd");
        assertThat(exit.took()).isPresent();
        assertThat(events.getLast().why().reason()).contains("shutdown");
    }

    @Test
    void while_postgres_is_away_events_wait_and_each_is_written_once_with_its_own_time() {
        Migrations.migrate(settings());
        Database database = opened(database());
        SupervisionHistory history = opened(new SupervisionHistory("test", clock).writeTo(database));
        for (int i = 0; i < 3_000; i++) {
            tell(history, i);
            if (i == 1_000) {
                server.killHard();
            }
        }
        await().atMost(PATIENCE).until(() -> log.stream().anyMatch(line -> line.contains("waits")));

        server.start();

        SupervisionStore store = new SupervisionStore(database);
        await().atMost(PATIENCE)
                .ignoreExceptions()
                .until(() -> store.recent(new Filter(Optional.empty(), Optional.of("child-2999"), 1))
                                .size()
                        == 1);
        assertThat(store.recent(Filter.newest(1_000)).reversed())
                .extracting(event -> event.subject().child().orElse(""))
                .containsExactlyElementsOf(IntStream.range(2_000, 3_000)
                        .mapToObj(i -> "child-" + i)
                        .toList());
        for (int i : new int[] {0, 999, 1_000, 1_001, 1_499, 1_500}) {
            assertThat(store.recent(new Filter(Optional.empty(), Optional.of("child-" + i), 10)))
                    .singleElement()
                    .extracting(Happened::at)
                    .isEqualTo(MONDAY.plusSeconds(i));
        }
        assertThat(history.dropped()).isZero();
        await().atMost(PATIENCE)
                .untilAsserted(() -> assertThat(log)
                        .as("a line at its start and one at its end")
                        .hasSize(2)
                        .last()
                        .asString()
                        .contains("is written again; 0 events"));
    }

    @Test
    void a_batch_whose_answer_was_lost_is_written_again_and_stands_there_once() {
        Migrations.migrate(settings());
        SupervisionStore store = new SupervisionStore(opened(database()));
        Happened event = new Happened(
                MONDAY,
                "test",
                new Subject("fleet", Optional.empty(), Optional.empty()),
                Kind.ENDED,
                Why.NONE,
                Optional.empty());
        UUID writer = UUID.randomUUID();

        store.append(writer, "test", List.of(new Numbered(1, event)));
        store.append(writer, "test", List.of(new Numbered(1, event), new Numbered(2, event)));

        assertThat(store.recent(Filter.newest(10))).containsExactly(event, event);
    }

    @Test
    void a_process_may_begin_before_the_schema_is_there() {
        Database database = opened(database());
        SupervisionHistory history = opened(new SupervisionHistory("test", clock).writeTo(database));
        tell(history, 1);

        Migrations.migrate(settings());

        await().atMost(PATIENCE)
                .until(() ->
                        new SupervisionStore(database).recent(Filter.newest(10)).size() == 1);
    }

    @Test
    void without_postgres_nobody_waits_and_the_oldest_are_dropped_and_counted() {
        Database nowhere = opened(Database.open(
                Settings.of(Map.of("muster.postgres.url", "jdbc:postgresql://127.0.0.1:1/muster")),
                "test",
                1,
                Optional.empty()));
        SupervisionHistory history = new SupervisionHistory("test", clock).writeTo(nowhere);
        long beganNanos = Ticker.system().nanos();

        for (int i = 0; i < SupervisionHistory.CAPACITY + 1_000; i++) {
            tell(history, i);
        }
        long toldNanos = Ticker.system().nanos();
        history.close();

        assertThat(Duration.ofNanos(toldNanos - beganNanos)).isLessThan(Duration.ofMillis(1_500));
        assertThat(Duration.ofNanos(Ticker.system().nanos() - toldNanos)).isLessThan(Duration.ofSeconds(5));
        // A batch may be under way, in nobody's buffer, and comes back.
        await().atMost(PATIENCE)
                .untilAsserted(() -> assertThat(history.dropped()).isBetween(500L, 1_000L));
    }

    @Test
    void it_is_read_by_path_and_child_newest_first() {
        Migrations.migrate(settings());
        Database database = opened(database());
        SupervisionHistory history = new SupervisionHistory("test", clock).writeTo(database);
        for (String path : List.of("local", "local/servers", "fleet")) {
            for (String child : List.of("a", "b")) {
                time.updateAndGet(now -> now.plusSeconds(1));
                history.accept(new SupervisionEvent.Started(path, child, 1, Duration.ofMillis(7), Optional.empty()));
            }
        }
        history.close();

        SupervisionStore store = new SupervisionStore(database);
        assertThat(store.recent(new Filter(Optional.of("local"), Optional.of("b"), 10)))
                .extracting(event -> event.subject().path())
                .containsExactly("local/servers", "local");
        assertThat(store.recent(Filter.newest(1))).singleElement().satisfies(event -> {
            assertThat(event.at()).isEqualTo(MONDAY.plusSeconds(6));
            assertThat(event.took()).contains(Duration.ofMillis(7));
        });
        assertThatThrownBy(() -> Filter.newest(0)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> Filter.newest(1_001)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void a_reason_is_a_word_and_what_it_leaves_open() {
        assertThat(SupervisionHistory.why(
                        new ExitReason.FailedToStartChild("kafka", new ExitReason.Crash("no space left"))))
                .isEqualTo(new Why(Optional.of("failed_to_start_child"), Optional.of("kafka: crash, no space left")));
        assertThat(SupervisionHistory.why(new ExitReason.Crash("x".repeat(10_000)))
                        .detail())
                .get()
                .asString()
                .hasSize(2_001);
    }

    private void tell(SupervisionHistory history, int i) {
        time.set(MONDAY.plusSeconds(i));
        history.accept(new SupervisionEvent.Started("fleet", "child-" + i, i, Duration.ZERO, Optional.empty()));
    }

    private <T extends AutoCloseable> T opened(T resource) {
        open.add(resource);
        return resource;
    }

    private Database database() {
        return Database.open(settings(), "test", 2, Optional.empty());
    }

    private Settings settings() {
        return Settings.of(Map.of(
                "muster.postgres.url", server.jdbcUrl(),
                "muster.postgres.user", server.user(),
                "muster.postgres.password", server.password()));
    }
}
