package dev.muster.store;

import static org.assertj.core.api.Assertions.assertThat;

import dev.muster.embedded.junit.EmbeddedServers;
import dev.muster.embedded.junit.PostgresDatabase;
import dev.muster.fleet.Incarnation;
import dev.muster.job.Ordering;
import dev.muster.store.FleetStore.FenceVerdict;
import dev.muster.store.FleetStore.LauncherKind;
import dev.muster.store.RelayStore.Cursor;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.UUID;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * Whatever a leader writes is under its epoch. Schedules and housekeeping have tests of their own for it:
 * {@link ScheduleStoreIT}, {@link HousekeepingStoreIT}.
 */
@ExtendWith(EmbeddedServers.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class LeaderEpochIT {
    private static final Duration LONG = Duration.ofMinutes(5);

    private final OwnershipFixture db;
    private final LeaseStore leases;
    private final FleetStore fleet;
    private long old;
    private long now;

    LeaderEpochIT(PostgresDatabase postgres) {
        this.db = new OwnershipFixture(postgres);
        this.leases = new LeaseStore(db.database());
        this.fleet = new FleetStore(db.database());
    }

    /** One that led and does not know yet that it is over; and the one that leads. */
    @BeforeEach
    void depose() {
        expire();
        old = leases.lead("old", LONG).orElseThrow();
        expire();
        now = leases.lead("new", LONG).orElseThrow();
    }

    @AfterAll
    void close() {
        db.close();
    }

    @Test
    void the_epoch_rises_with_each_holder_and_with_one_that_comes_back_too_late() {
        assertThat(now).isGreaterThan(old);
        assertThat(leases.lead("old", LONG)).isEmpty();
        assertThat(leases.lead("new", LONG)).hasValue(now);
        expire();
        assertThat(leases.lead("new", LONG).orElseThrow())
                .as("what it decided before that is void")
                .isGreaterThan(now);
    }

    @Test
    void who_leads_no_more_cant_give_up_the_lease_of_whoever_does() {
        leases.resign("old", old);

        assertThat(leases.current()).contains(new LeaseStore.Lease("new", now));
    }

    @Test
    void H21_a_deposed_leader_mints_no_life_and_the_one_that_leads_mints_one_per_worker() {
        String worker = name();

        assertThat(fleet.mint(worker, "default", LauncherKind.PROCESS, "here", old))
                .isEmpty();
        Incarnation first =
                fleet.mint(worker, "default", LauncherKind.PROCESS, "here", now).orElseThrow();
        assertThat(fleet.mint(worker, "default", LauncherKind.PROCESS, "here", now))
                .as("a twin")
                .isEmpty();
        assertThat(fleet.fence(first, "exited", "new", OptionalLong.of(now))).isEqualTo(FenceVerdict.FENCED);
        assertThat(fleet.mint(worker, "default", LauncherKind.PROCESS, "here", now))
                .isPresent();
    }

    @Test
    void H21_a_life_that_was_minted_before_a_pause_and_fenced_in_it_registers_nowhere() {
        Incarnation minted =
                fleet.mint(name(), "default", LauncherKind.PROCESS, "here", now).orElseThrow();
        fleet.fence(minted, "silent", "new", OptionalLong.of(now));

        assertThat(new IncarnationStore(db.database()).register(minted, "here", 1, Instant.EPOCH, "127.0.0.1", 1))
                .as("the process that the old leader starts then ends")
                .isFalse();
    }

    @Test
    void H21_a_deposed_leader_fences_nobody() {
        Incarnation live = db.worker().me();

        assertThat(fleet.fence(live, "silent", "old", OptionalLong.of(old))).isEqualTo(FenceVerdict.DEPOSED);
        assertThat(fleet.live())
                .extracting(FleetStore.LiveIncarnation::incarnation)
                .contains(live);
    }

    @Test
    void H21_a_deposed_leader_gives_no_pool_up_and_puts_no_incident_on_record() {
        PoolStore pools = new PoolStore(db.database());
        IncidentStore incidents = new IncidentStore(db.database());
        String pool = name();

        assertThat(pools.giveUp(pool, "for this test", Map.of(), old)).isFalse();
        assertThat(pools.isGivenUp(pool)).isFalse();
        assertThat(incidents.open("worker_silent", pool, "for this test", Map.of(), old))
                .isEmpty();
        assertThat(incidents.open("worker_silent", pool, "for this test", Map.of(), now))
                .isPresent();
        assertThat(incidents.open("worker_absent", pool, "a worker has no epoch", Map.of(), 0))
                .isPresent();
        assertThat(db.count("SELECT count(*) FROM incident WHERE subject = '" + pool + "'"))
                .isEqualTo(2);
    }

    @Test
    void H15_a_deposed_leader_neither_takes_nor_moves_the_relays_cursor() {
        RelayStore relay = new RelayStore(db.database());
        relay.takeCursor(old);
        Cursor cursor = relay.takeCursor(now).orElseThrow();

        assertThat(relay.takeCursor(old)).isEmpty();
        assertThat(relay.moveCursor(new Cursor("1", 1), old)).isFalse();
        assertThat(relay.takeCursor(now)).contains(cursor);
    }

    /** H3, H6: a partition's owner decides by the group alone only while nobody leads, and never about one that drains. */
    @Test
    void an_owner_fences_only_while_nobody_leads_and_nobody_that_drains() {
        IncarnationStore owners = new IncarnationStore(db.database());
        Incarnation owner = db.worker().me();
        Incarnation absent = db.worker().me();
        assertThat(owners.fence(absent, "absent", owner)).isEqualTo(FenceVerdict.LEADER_DECIDES);

        expire();
        owners.renewDrain(absent);
        assertThat(owners.fence(absent, "absent", owner)).isEqualTo(FenceVerdict.DRAINING);

        db.execute("UPDATE drain_lease SET expires_at = now() WHERE incarnation = '" + absent + "'");
        assertThat(owners.fence(absent, "absent", owner)).isEqualTo(FenceVerdict.FENCED);
    }

    /** H22: without their order, about every second pair of these would end in a deadlock. */
    @Test
    void H22_claims_of_the_same_jobs_in_another_order_dont_deadlock() throws Exception {
        String queue = db.queue(Ordering.NONE, Optional.of(Duration.ofDays(7)));
        OwnershipFixture.Actor one = db.worker();
        OwnershipFixture.Actor other = db.worker();
        PartitionEpoch ofOne = new PartitionEpoch(queue, 0, 1);
        PartitionEpoch ofOther = new PartitionEpoch(queue, 1, 1);
        one.takes(ofOne);
        other.takes(ofOther);
        int rounds = 40;
        int jobs = 25;
        Thread backwards = Thread.ofPlatform().start(() -> {
            for (int round = 0; round < rounds; round++) {
                other.claims(ofOther, (long) round * jobs, entries(queue, round, jobs, true));
            }
        });
        for (int round = 0; round < rounds; round++) {
            one.claims(ofOne, (long) round * jobs, entries(queue, round, jobs, false));
        }
        backwards.join();

        assertThat(db.count("SELECT count(*) FROM job_running WHERE queue = '" + queue + "'"))
                .isEqualTo((long) rounds * jobs);
        assertThat(db.count("SELECT sum(next_offset) FROM partition_owner WHERE queue = '" + queue + "'"))
                .as("every claim was written")
                .isEqualTo(2L * rounds * jobs);
    }

    private static Claim.Entry[] entries(String queue, int round, int jobs, boolean backwards) {
        Claim.Entry[] entries = new Claim.Entry[jobs];
        for (int i = 0; i < jobs; i++) {
            int job = backwards ? jobs - 1 - i : i;
            entries[i] = OwnershipFixture.job((long) round * jobs + i, queue + "-" + round + "-" + job);
        }
        return entries;
    }

    private void expire() {
        db.execute("UPDATE leader_lease SET expires_at = now()");
    }

    private static String name() {
        return "n" + UUID.randomUUID().toString().substring(0, 8);
    }
}
