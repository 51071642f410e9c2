package dev.muster.store;

import static dev.muster.store.Claim.Verdict.STARTED;
import static dev.muster.store.Claim.Verdict.WAITING;
import static dev.muster.store.OwnershipFixture.id;
import static dev.muster.store.OwnershipFixture.job;
import static dev.muster.store.OwnershipFixture.limited;
import static dev.muster.store.OwnershipFixture.limitedAndKeyed;
import static org.assertj.core.api.Assertions.assertThat;

import dev.muster.embedded.junit.EmbeddedServers;
import dev.muster.embedded.junit.PostgresDatabase;
import dev.muster.job.JobId;
import dev.muster.job.Ordering;
import dev.muster.store.LimitStore.Kind;
import dev.muster.store.LimitStore.Limit;
import dev.muster.store.OwnershipFixture.Actor;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;

/** At most so many jobs of a limit key at once, in the whole fleet. On a real Postgres. */
@ExtendWith(EmbeddedServers.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class LimitStoreIT {
    private final OwnershipFixture db;
    private final LimitStore limits;

    LimitStoreIT(PostgresDatabase postgres) {
        this.db = new OwnershipFixture(postgres);
        this.limits = new LimitStore(db.database());
    }

    @AfterAll
    void close() {
        db.close();
    }

    @Test
    void no_more_run_than_the_limit_says_and_the_longest_waiting_goes_first_wherever_it_is() {
        String key = limit(1);
        String queue = db.queue(Ordering.NONE, Optional.empty());
        Actor a = db.worker();
        Actor b = db.worker();
        PartitionEpoch ofA = owned(a, queue, 0);
        PartitionEpoch ofB = owned(b, queue, 1);
        assertThat(a.claims(ofA, 0, limited(0, queue + "-1", key), job(1, queue + "-free")))
                .containsExactly(WAITING, STARTED);
        b.claims(ofB, 0, limited(0, queue + "-2", key));
        assertThat(starts(a, ofA)).containsExactly(id(queue + "-1"));
        assertThat(starts(b, ofB)).isEmpty();
        a.claims(ofA, 2, limited(2, queue + "-3", key));
        assertThat(starts(a, ofA)).isEmpty();

        assertThat(a.succeeds(id(queue + "-1"), 1))
                .containsExactly(new Settled.Done(id(queue + "-1")), new Settled.Woken());

        assertThat(b.nextDue(ofB)).contains(Duration.ZERO);
        assertThat(a.nextDue(ofA))
                .as("waits, and would ask again by itself")
                .hasValueSatisfying(d -> assertThat(d).isPositive().isLessThan(Duration.ofSeconds(6)));
        due(queue);
        assertThat(starts(a, ofA)).as("it is not its turn").isEmpty();
        assertThat(starts(b, ofB)).containsExactly(id(queue + "-2"));
    }

    @Test
    void a_run_that_is_tried_again_gives_its_slot_back_and_an_adopted_one_keeps_it() {
        String key = limit(1);
        String queue = db.queue(Ordering.NONE, Optional.empty());
        Actor a = db.worker();
        Actor b = db.worker();
        PartitionEpoch ofA = owned(a, queue, 0);
        a.claims(ofA, 0, limited(0, queue + "-1", key), limited(1, queue + "-2", key));
        assertThat(starts(a, ofA)).containsExactly(id(queue + "-1"));

        a.ends(id(queue + "-1"), 1, Outcome.Verdict.RETRIED, Duration.ZERO, List.of());
        assertThat(starts(a, ofA)).containsExactly(id(queue + "-2"));
        db.fence(a);
        PartitionEpoch ofB = new PartitionEpoch(queue, 0, 2);
        b.takes(ofB);
        RunningJob adopted = b.store().adopt(List.of(ofB), List.of()).getFirst();
        due(queue);
        assertThat(starts(b, ofB)).as("the adopted one has the slot").isEmpty();

        b.succeeds(id(queue + "-2"), adopted.attempt());
        assertThat(starts(b, ofB)).containsExactly(id(queue + "-1"));
        b.succeeds(id(queue + "-1"), 2);
        assertThat(db.count("SELECT count(*) FROM limit_slot WHERE limit_key = '" + key + "'"))
                .isZero();
        assertThat(db.count("SELECT count(*) FROM limited_job WHERE limit_key = '" + key + "'"))
                .isZero();
    }

    @Test
    void whoever_waits_in_a_paused_queue_holds_up_nobody() {
        String key = limit(1);
        String paused = db.queue(Ordering.NONE, Optional.empty());
        String other = db.queue(Ordering.NONE, Optional.empty());
        Actor a = db.worker();
        PartitionEpoch first = owned(a, paused, 0);
        PartitionEpoch second = owned(a, other, 0);
        a.claims(first, 0, limited(0, paused + "-1", key), limited(1, paused + "-2", key));
        assertThat(starts(a, first)).containsExactly(id(paused + "-1"));
        a.claims(second, 0, limited(0, other, key));
        assertThat(starts(a, second)).isEmpty();
        db.execute("UPDATE queue SET paused = true WHERE name = '" + paused + "'");

        a.succeeds(id(paused + "-1"), 1);

        assertThat(starts(a, second)).containsExactly(id(other));
    }

    @Test
    void the_exact_key_goes_before_the_longest_prefix_and_that_before_the_queue_and_a_change_counts_at_once() {
        String queue = db.queue(Ordering.NONE, Optional.empty());
        String prefix = "p" + UUID.randomUUID();
        Actor a = db.worker();
        PartitionEpoch p = owned(a, queue, 0);
        limits.set(new Limit(Kind.QUEUE, queue, 3));
        limits.set(new Limit(Kind.PREFIX, prefix, 2));
        limits.set(new Limit(Kind.PREFIX, prefix + "/", 0));
        limits.set(new Limit(Kind.KEY, prefix + "/1", 1));
        assertThat(limits.list()).contains(new Limit(Kind.PREFIX, prefix, 2));
        assertThat(db.count("SELECT limit_of('" + prefix + "/1', '" + queue + "')"))
                .isEqualTo(1);
        assertThat(db.count("SELECT limit_of('" + prefix + "/2', '" + queue + "')"))
                .isZero();
        assertThat(db.count("SELECT limit_of('" + prefix + "2', '" + queue + "')"))
                .isEqualTo(2);
        assertThat(db.count("SELECT limit_of('another', '" + queue + "')")).isEqualTo(3);
        a.claims(p, 0, limited(0, queue + "-1", prefix + "/2"), limited(1, queue + "-2", prefix + "/2"));
        assertThat(starts(a, p)).isEmpty();
        assertThat(limits.use(1_000)).contains(new LimitStore.Use(prefix + "/2", 0, 2));

        limits.remove(Kind.PREFIX, prefix + "/");

        assertThat(starts(a, p)).containsExactlyInAnyOrder(id(queue + "-1"), id(queue + "-2"));
    }

    @Test
    void a_key_without_a_limit_is_not_held_up() {
        String queue = db.queue(Ordering.NONE, Optional.empty());
        Actor a = db.worker();
        PartitionEpoch p = owned(a, queue, 0);
        a.claims(p, 0, limited(0, queue + "-1", queue), limited(1, queue + "-2", queue));

        assertThat(starts(a, p)).hasSize(2);
    }

    @Test
    void order_within_a_key_holds_while_its_head_waits_for_a_slot() {
        String key = limit(1);
        String queue = db.queue(Ordering.KEY, Optional.empty());
        Actor a = db.worker();
        PartitionEpoch p = owned(a, queue, 0);
        assertThat(a.claims(
                        p,
                        0,
                        limitedAndKeyed(0, queue + "-1", "A", key),
                        limitedAndKeyed(1, queue + "-2", "B", key),
                        OwnershipFixture.keyed(2, queue + "-3", "B")))
                .containsExactly(WAITING, WAITING, WAITING);

        assertThat(starts(a, p)).containsExactly(id(queue + "-1"));
        due(queue);
        assertThat(starts(a, p))
                .as("the one without a limit waits behind its key")
                .isEmpty();
        a.succeeds(id(queue + "-1"), 1, p);
        assertThat(starts(a, p)).containsExactly(id(queue + "-2"));
        assertThat(a.succeeds(id(queue + "-2"), 1, p))
                .anySatisfy(s -> assertThat(s)
                        .isInstanceOfSatisfying(
                                Settled.Started.class,
                                started -> assertThat(started.job().id()).isEqualTo(id(queue + "-3"))));
    }

    @Test
    void a_waiter_that_is_cancelled_leaves_its_turn_to_the_next() {
        String key = limit(1);
        String queue = db.queue(Ordering.NONE, Optional.empty());
        Actor a = db.worker();
        PartitionEpoch p = owned(a, queue, 0);
        a.claims(p, 0, limited(0, queue + "-1", key), limited(1, queue + "-2", key), limited(2, queue + "-3", key));
        assertThat(starts(a, p)).hasSize(1);

        assertThat(new CancellationStore(db.database()).cancel(id(queue + "-2"), "alice", Optional.empty()))
                .isEqualTo(Cancellation.CANCELLED);
        a.succeeds(id(queue + "-1"), 1);

        assertThat(starts(a, p)).containsExactly(id(queue + "-3"));
    }

    @Test
    void a_backlog_of_limited_jobs_is_in_nobodys_way() {
        String key = limit(2);
        String queue = db.queue(Ordering.NONE, Optional.empty());
        Actor a = db.worker();
        PartitionEpoch p = owned(a, queue, 0);
        a.claims(p, 0, job(0, queue + "-free"));
        Claim.Entry[] backlog = new Claim.Entry[600];
        for (int i = 0; i < backlog.length; i++) {
            backlog[i] = limited(1 + i, queue + "-" + i, key);
        }
        a.claims(p, 1, backlog);
        assertThat(db.count("SELECT count(*) FROM job_waiting WHERE queue = '" + queue + "' AND due_at <= now()"))
                .as("due of 600: two that can start, and those who ask by themselves, as time passes")
                .isBetween(2L, 20L);
        a.ends(id(queue + "-free"), 1, Outcome.Verdict.RETRIED, Duration.ZERO, List.of());

        assertThat(starts(a, p)).containsExactlyInAnyOrder(id(queue + "-0"), id(queue + "-1"), id(queue + "-free"));
        limits.set(new Limit(Kind.KEY, key, 3));
        assertThat(starts(a, p)).containsExactly(id(queue + "-2"));
        for (int i = 0; i < 20; i++) {
            a.succeeds(id(queue + "-" + i), 1);
            assertThat(starts(a, p)).containsExactly(id(queue + "-" + (i + 3)));
        }
        assertThat(db.count("SELECT count(*) FROM job_waiting WHERE queue = '" + queue
                        + "' AND due_at < now() + interval '10 s'"))
                .as("who will ask by itself soon")
                .isLessThan(40);
    }

    @Test
    void one_that_was_woken_and_can_not_come_is_passed_over_and_keeps_its_turn() {
        String key = limit(1);
        String queue = db.queue(Ordering.NONE, Optional.empty());
        Actor full = db.worker();
        Actor b = db.worker();
        PartitionEpoch ofFull = owned(full, queue, 0);
        PartitionEpoch ofB = owned(b, queue, 1);
        full.claims(ofFull, 0, limited(0, queue + "-1", key), limited(1, queue + "-2", key));
        b.claims(ofB, 0, limited(0, queue + "-3", key), limited(1, queue + "-4", key));
        assertThat(starts(full, ofFull)).containsExactly(id(queue + "-1"));
        full.succeeds(id(queue + "-1"), 1);
        due(queue);
        assertThat(starts(b, ofB)).as("it may still come").isEmpty();

        db.execute("UPDATE job_waiting SET due_at = now() - interval '3 s' WHERE queue = '" + queue
                + "' AND partition = 0");
        due(queue, 1);
        assertThat(starts(b, ofB)).containsExactly(id(queue + "-3"));

        b.succeeds(id(queue + "-3"), 1);
        assertThat(starts(full, ofFull)).as("now it comes, and it is its turn").containsExactly(id(queue + "-2"));
        due(queue, 1);
        assertThat(starts(b, ofB)).isEmpty();
    }

    /** Nobody runs, nobody is left who could wake anybody: all that wait ahead belong to a pool without workers. */
    @Test
    void a_pool_without_workers_does_not_keep_the_slots_of_a_key() {
        String key = limit(1);
        String dead = db.queue(Ordering.NONE, Optional.empty());
        String queue = db.queue(Ordering.NONE, Optional.empty());
        Actor gone = db.worker();
        Actor b = db.worker();
        PartitionEpoch ofGone = owned(gone, dead, 0);
        PartitionEpoch ofB = owned(b, queue, 0);
        Claim.Entry[] ahead = new Claim.Entry[30];
        for (int i = 0; i < ahead.length; i++) {
            ahead[i] = limited(i, dead + "-" + i, key);
        }
        gone.claims(ofGone, 0, ahead);
        b.claims(ofB, 0, limited(0, queue, key));

        List<JobId> started = List.of();
        for (int seconds = 0; started.isEmpty() && seconds < 10; seconds++) {
            db.execute("UPDATE job_waiting SET due_at = due_at - interval '1.1 s' WHERE queue IN ('" + dead + "', '"
                    + queue + "')"); // time passes
            started = starts(b, ofB);
        }
        assertThat(started).containsExactly(id(queue));
    }

    /** Four owners start and settle as fast as they can. */
    @Test
    void the_limit_holds_whoever_asks_at_the_same_time_and_nobody_is_forgotten() throws Exception {
        int owners = 4;
        int jobs = 60;
        int all = owners * jobs;
        String key = limit(3);
        String queue = db.queue(Ordering.NONE, Optional.empty());
        AtomicInteger running = new AtomicInteger();
        AtomicInteger most = new AtomicInteger();
        AtomicInteger left = new AtomicInteger(all);
        List<Future<?>> loops = new ArrayList<>();
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            for (int i = 0; i < owners; i++) {
                int number = i;
                Actor actor = db.worker();
                PartitionEpoch p = owned(actor, queue, i);
                Claim.Entry[] entries = new Claim.Entry[jobs];
                for (int n = 0; n < jobs; n++) {
                    entries[n] = limited(n, queue + "-" + number + "-" + n, key);
                }
                actor.claims(p, 0, entries);
                loops.add(threads.submit(() -> {
                    while (left.get() > 0 && !Thread.currentThread().isInterrupted()) {
                        List<RunningJob> started = startsWhole(actor, p);
                        most.accumulateAndGet(running.addAndGet(started.size()), Math::max);
                        for (RunningJob job : started) {
                            running.decrementAndGet(); // before it is so: Postgres frees the slot a moment later
                            again(() -> actor.succeeds(job.id(), job.attempt()));
                            left.decrementAndGet();
                        }
                    }
                }));
            }
            for (Future<?> loop : loops) {
                loop.get(60, TimeUnit.SECONDS);
            }
        }

        assertThat(most.get()).isBetween(1, 3);
        assertThat(db.count("SELECT count(*) FROM job_history WHERE queue = '" + queue + "' AND state = 'succeeded'"))
                .isEqualTo(all);
        assertThat(db.count("SELECT count(*) FROM limit_slot WHERE limit_key = '" + key + "'"))
                .isZero();
    }

    private String limit(int max) {
        String key = "k" + UUID.randomUUID();
        limits.set(new Limit(Kind.KEY, key, max));
        return key;
    }

    private static PartitionEpoch owned(Actor actor, String queue, int partition) {
        PartitionEpoch p = new PartitionEpoch(queue, partition, 1);
        assertThat(actor.takes(p).verdict()).isEqualTo(TakeOver.Verdict.TAKEN);
        return p;
    }

    private void due(String queue) {
        db.execute("UPDATE job_waiting SET due_at = now() WHERE queue = '" + queue + "' AND due_at < 'infinity'");
    }

    private void due(String queue, int partition) {
        db.execute("UPDATE job_waiting SET due_at = now() WHERE queue = '" + queue + "' AND partition = " + partition);
    }

    private static List<JobId> starts(Actor actor, PartitionEpoch partition) {
        return startsWhole(actor, partition).stream().map(RunningJob::id).toList();
    }

    private static List<RunningJob> startsWhole(Actor actor, PartitionEpoch partition) {
        List<RunningJob> started = new ArrayList<>();
        again(() -> started.addAll(actor.store().startDue(List.of(partition), 100)));
        return started;
    }

    /** As a lane does it: what Postgres could not do for contention is said again. */
    private static void again(Runnable statement) {
        while (true) {
            try {
                statement.run();
                return;
            } catch (StoreException e) {
                assertThat(e.code()).isEqualTo(StoreException.Code.CONTENDED);
            }
        }
    }
}
