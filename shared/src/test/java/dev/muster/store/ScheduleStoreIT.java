package dev.muster.store;

import static org.assertj.core.api.Assertions.assertThat;

import dev.muster.embedded.junit.EmbeddedServers;
import dev.muster.embedded.junit.PostgresDatabase;
import dev.muster.job.JobId;
import dev.muster.job.NewJob;
import dev.muster.job.Ordering;
import dev.muster.protocol.Envelope;
import dev.muster.protocol.RecordHeaders;
import dev.muster.schedule.Firings;
import dev.muster.schedule.Missed;
import dev.muster.schedule.Schedule;
import dev.muster.schedule.Timing;
import dev.muster.store.OwnershipFixture.Actor;
import dev.muster.store.ScheduleStore.Due;
import dev.muster.store.ScheduleStore.Fire;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.apache.kafka.common.utils.Utils;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(EmbeddedServers.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class ScheduleStoreIT {
    private static final Schedule.Terms TERMS = new Schedule.Terms(Optional.of(3), Optional.of(Duration.ofHours(2)));

    private final OwnershipFixture db;
    private final ScheduleStore store;
    private long epoch;

    ScheduleStoreIT(PostgresDatabase postgres) {
        this.db = new OwnershipFixture(postgres);
        this.store = new ScheduleStore(db.database());
    }

    @BeforeEach
    void lead() {
        db.execute("DELETE FROM schedule");
        epoch = new LeaseStore(db.database())
                .lead("test", Duration.ofMinutes(5))
                .orElseThrow();
    }

    @AfterAll
    void close() {
        db.close();
    }

    @Test
    void what_was_made_is_found_again() {
        String queue = db.queue(Ordering.KEY, Optional.empty());
        Timing timing = new Timing("0 9 * * mon", "Europe/Berlin", Missed.ALL);
        Schedule.Template job = template(queue, Optional.of("k"), TERMS);
        Instant first = store.now().plus(1, ChronoUnit.DAYS);

        assertThat(store.create("weekly", timing, job, first)).isTrue();
        assertThat(store.create("weekly", timing, template(queue, Optional.empty(), TERMS), first))
                .isFalse();

        Schedule found = store.find("weekly").orElseThrow();
        assertThat(found.timing()).isEqualTo(timing);
        assertThat(found.job()).usingRecursiveComparison().isEqualTo(job);
        assertThat(found.standing().nextFireAt()).isEqualTo(first);
        assertThat(store.list(10)).extracting(Schedule::name).containsExactly("weekly");
        assertThat(store.delete("weekly")).isTrue();
        assertThat(store.delete("weekly")).isFalse();
        assertThat(store.find("weekly")).isEmpty();
    }

    @Test
    void whoever_fires_the_same_times_at_once_each_makes_one_job() throws Exception {
        String queue = db.queue(Ordering.NONE, Optional.empty());
        for (int i = 0; i < 20; i++) {
            late("s" + i, template(queue, Optional.empty(), Schedule.Terms.NONE), Duration.ofMinutes(30));
        }
        List<Fire> wishes = wishes();
        long times = wishes.stream().mapToLong(w -> w.firings().times().size()).sum();

        List<Fire> written = new ArrayList<>();
        try (ExecutorService threads = Executors.newFixedThreadPool(4)) {
            Callable<List<Fire>> fire = () -> store.fire(epoch, wishes);
            for (Future<List<Fire>> done : threads.invokeAll(List.of(fire, fire, fire, fire))) {
                written.addAll(done.get());
            }
        }

        assertThat(times).isGreaterThanOrEqualTo(20 * 30);
        assertThat(written).containsExactlyInAnyOrderElementsOf(wishes);
        assertThat(db.count("SELECT count(*) FROM schedule_firing")).isEqualTo(times);
        assertThat(db.count("SELECT count(*) FROM job_waiting WHERE state = 'scheduled' AND queue = '" + queue + "'"))
                .isEqualTo(times);
        assertThat(wishes)
                .allSatisfy(wish -> assertThat(store.find(wish.due().schedule().name()))
                        .hasValueSatisfying(now -> assertThat(now.standing().nextFireAt())
                                .isEqualTo(wish.firings().next())));
    }

    @Test
    void nothing_is_written_under_an_epoch_that_is_not_the_leaders() {
        String queue = db.queue(Ordering.NONE, Optional.empty());
        late("deposed", template(queue, Optional.empty(), Schedule.Terms.NONE), Duration.ofMinutes(1));
        List<Fire> wishes = wishes();

        assertThat(store.fire(epoch - 1, wishes)).isEmpty();
        assertThat(store.fire(epoch + 1, wishes)).isEmpty();
        new LeaseStore(db.database()).resign("test", epoch);
        assertThat(store.fire(epoch, wishes)).isEmpty();

        assertThat(jobs(queue)).isZero();
        assertThat(store.due(100)).hasSize(1);
    }

    @Test
    void what_was_decided_about_a_schedule_that_changed_since_is_void() {
        String queue = db.queue(Ordering.NONE, Optional.empty());
        Schedule.Template job = template(queue, Optional.empty(), Schedule.Terms.NONE);
        late("paused", job, Duration.ofMinutes(1));
        late("remade", job, Duration.ofMinutes(1));
        late("gone", job, Duration.ofMinutes(1));
        late("as-it-was", job, Duration.ofMinutes(1));
        List<Fire> wishes = wishes();
        Schedule remade = store.find("remade").orElseThrow();

        store.pause("paused", true);
        store.delete("gone");
        store.delete("remade");
        store.create("remade", remade.timing(), job, remade.standing().nextFireAt());

        assertThat(store.fire(epoch, wishes))
                .extracting(fire -> fire.due().schedule().name())
                .containsExactly("as-it-was");
        assertThat(store.due(100))
                .extracting(due -> due.schedule().name())
                .as("the paused one waits until it goes on")
                .contains("remade")
                .doesNotContain("paused", "gone");
    }

    @Test
    void a_firing_reads_like_a_record_that_was_submitted() {
        String queue = db.queue(Ordering.KEY, Optional.empty());
        Instant due = late("reads", template(queue, Optional.of("cus_7"), TERMS), Duration.ofMinutes(1));

        Fire fired = store.fire(epoch, wishes()).getFirst();

        Instant time = fired.firings().times().getFirst();
        assertThat(time).isEqualTo(due);
        JobId id = JobId.of("/muster/schedules/reads", time.toString());
        JobView job = new JobReader(db.database()).find(id).orElseThrow();
        assertThat(job.key()).contains("cus_7");
        assertThat(job.position().isOfRecord()).isFalse();
        assertThat(job.position().partition())
                .isEqualTo(Utils.toPositive(Utils.murmur2("cus_7".getBytes(StandardCharsets.UTF_8))) % 4);
        Actor actor = db.worker();
        PartitionEpoch partition = new PartitionEpoch(queue, job.position().partition(), 1);
        actor.takes(partition);
        RunningJob running = actor.store().startDue(List.of(partition), 10).getFirst();
        assertThat(running.id()).isEqualTo(id);
        assertThat(running.bytes().key()).isEqualTo("cus_7".getBytes(StandardCharsets.UTF_8));
        assertThat(running.times().deadline()).contains(time.plus(Duration.ofHours(2)));
        assertThat(Envelope.read(
                        RecordHeaders.decode(headers(running)), running.bytes().value()))
                .isEqualTo(new Envelope.Job(
                        Optional.of(new Envelope.Identity("/muster/schedules/reads", time.toString())),
                        "test",
                        Optional.empty(),
                        Optional.of(time.plus(Duration.ofHours(2))),
                        new NewJob.Retries(Optional.of(3), Optional.empty(), Optional.empty()),
                        Optional.empty(),
                        Optional.empty()));
        assertThat(store.firings("reads", 10))
                .extracting(ScheduleStore.Fired::time, ScheduleStore.Fired::jobId)
                .startsWith(org.assertj.core.groups.Tuple.tuple(
                        fired.firings().times().getLast(),
                        JobId.of(
                                "/muster/schedules/reads",
                                fired.firings().times().getLast().toString())));
    }

    @Test
    void missed_times_of_one_key_run_in_their_order() {
        String queue = db.queue(Ordering.KEY, Optional.empty());
        late("ordered", template(queue, Optional.of("k"), Schedule.Terms.NONE), Duration.ofMinutes(20));
        List<Instant> times = store.fire(epoch, wishes()).getFirst().firings().times();
        Actor actor = db.worker();
        List<PartitionEpoch> partitions = IntStream.range(0, 4)
                .mapToObj(p -> new PartitionEpoch(queue, p, 1))
                .toList();
        partitions.forEach(actor::takes);

        List<JobId> ran = new ArrayList<>();
        List<RunningJob> next = actor.store().startDue(partitions, 100);
        while (!next.isEmpty()) {
            RunningJob job = next.getFirst();
            ran.add(job.id());
            next = actor.succeeds(job.id(), job.attempt(), partitions.toArray(PartitionEpoch[]::new)).stream()
                    .filter(Settled.Started.class::isInstance)
                    .map(started -> ((Settled.Started) started).job())
                    .toList();
        }

        assertThat(ran)
                .isEqualTo(times.stream()
                        .map(time -> JobId.of("/muster/schedules/ordered", time.toString()))
                        .toList());
    }

    @Test
    void the_record_of_firings_is_kept_for_thirty_days() {
        String queue = db.queue(Ordering.NONE, Optional.empty());
        late("kept", template(queue, Optional.empty(), Schedule.Terms.NONE), Duration.ofMinutes(1));
        db.execute(
                "INSERT INTO schedule_firing (schedule, fire_at, job_id) VALUES ('kept', now() - interval '31 days', '"
                        + UUID.randomUUID() + "'), ('kept', now() - interval '29 days', '" + UUID.randomUUID() + "')");

        List<Instant> times = store.fire(epoch, wishes()).getFirst().firings().times();

        assertThat(store.firings("kept", 100)).hasSize(times.size() + 1);
    }

    /** One that fires every minute and was due some time ago. */
    private Instant late(String name, Schedule.Template job, Duration by) {
        Instant due = store.now().minus(by).truncatedTo(ChronoUnit.MINUTES);
        assertThat(store.create(name, new Timing("* * * * *", "UTC", Missed.ALL), job, due))
                .isTrue();
        return due;
    }

    private List<Fire> wishes() {
        List<Due> due = store.due(100);
        return due.stream()
                .map(d -> new Fire(
                        d,
                        Firings.of(
                                d.schedule().timing(), d.schedule().standing().nextFireAt(), d.now())))
                .toList();
    }

    private long jobs(String queue) {
        return db.count("SELECT count(*) FROM job_waiting WHERE queue = '" + queue + "'");
    }

    private static byte[] headers(RunningJob job) {
        byte[] headers = job.bytes().headers();
        return headers == null ? new byte[0] : headers;
    }

    private static Schedule.Template template(String queue, Optional<String> key, Schedule.Terms terms) {
        return new Schedule.Template(queue, "test", key, "{\"a\":1}".getBytes(StandardCharsets.UTF_8), terms);
    }
}
