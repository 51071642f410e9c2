package dev.muster.store;

import static dev.muster.store.OwnershipFixture.TOPIC;
import static dev.muster.store.OwnershipFixture.id;
import static dev.muster.store.OwnershipFixture.keyed;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.muster.embedded.junit.EmbeddedServers;
import dev.muster.embedded.junit.PostgresDatabase;
import dev.muster.job.Ordering;
import dev.muster.store.GrowthStore.Announced;
import dev.muster.store.GrowthStore.Phase;
import dev.muster.store.OwnershipFixture.Actor;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import org.apache.kafka.clients.producer.internals.BuiltInPartitioner;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;

/** The steps in which a keyed queue gets more partitions. On a real Postgres; with Kafka it is in the workers' tests. */
@ExtendWith(EmbeddedServers.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class GrowthStoreIT {
    private final OwnershipFixture db;
    private final GrowthStore growth;

    GrowthStoreIT(PostgresDatabase postgres) {
        this.db = new OwnershipFixture(postgres);
        this.growth = new GrowthStore(db.database());
    }

    @AfterAll
    void close() {
        db.close();
    }

    @Test
    void postgres_finds_the_partition_of_a_key_that_kafka_finds() {
        SplittableRandom random = new SplittableRandom(7);
        for (int i = 0; i < 400; i++) {
            StringBuilder key = new StringBuilder();
            for (int length = random.nextInt(1, 30); length > 0; length--) {
                key.appendCodePoint("aZ09-_ éß漢€".codePointAt(random.nextInt(11)));
            }
            int partitions = random.nextInt(1, 200);
            assertThat(db.count("SELECT partition_of_key('" + key + "', " + partitions + ")"))
                    .as("%s over %s", key, partitions)
                    .isEqualTo(BuiltInPartitioner.partitionForKey(key.toString().getBytes(UTF_8), partitions));
        }
    }

    @Test
    void only_a_multiple_of_what_a_keyed_queue_has_and_one_growth_at_a_time() {
        String queue = db.queue(Ordering.KEY, Optional.empty());

        assertThat(growth.announce("nowhere", 8)).isEqualTo(Announced.UNKNOWN);
        assertThat(growth.announce(queue, 4)).isEqualTo(Announced.OPEN);
        assertThat(growth.announce(queue, 2)).isEqualTo(Announced.NOT_MORE);
        assertThat(growth.announce(queue, 6)).isEqualTo(Announced.NOT_A_MULTIPLE);
        assertThat(growth.announce(queue, 8)).isEqualTo(Announced.ANNOUNCED);
        assertThat(growth.announce(queue, 8)).isEqualTo(Announced.GROWING);
        assertThat(growth.announce(queue, 12)).isEqualTo(Announced.BUSY);
        assertThat(growth.announce(db.queue(Ordering.NONE, Optional.empty()), 7))
                .isEqualTo(Announced.OPEN);
    }

    @Test
    void new_partitions_are_held_until_every_owner_knows_the_switch_and_has_claimed_up_to_it() {
        String queue = db.queue(Ordering.KEY, Optional.empty());
        Actor a = db.worker();
        PartitionEpoch old = new PartitionEpoch(queue, 0, 1);
        PartitionEpoch fresh = new PartitionEpoch(queue, 4, 1);
        a.takes(old);
        growth.announce(queue, 8);

        assertThat(a.takes(fresh).verdict()).isEqualTo(TakeOver.Verdict.HELD);
        assertThat(a.claims(fresh, 0, keyed(0, queue + "-early", "k"))).containsExactly(Claim.Verdict.NOT_OWNER);
        assertThat(growth.noteSwitch(queue, List.of(2L, 0L, 0L, 0L), Duration.ZERO))
                .as("before Kafka has the partitions")
                .isFalse();
        growth.made(queue);
        assertThat(growth.noteSwitch(queue, List.of(2L, 0L, 0L, 0L), Duration.ofMinutes(8)))
                .as("before every producer knows of them")
                .isFalse();
        assertThat(growth.goOn(queue)).isEqualTo(Phase.SETTLING);
        assertThat(growth.noteSwitch(queue, List.of(2L, 0L, 0L, 0L), Duration.ZERO))
                .isTrue();
        assertThat(growth.noteSwitch(queue, List.of(9L, 9L, 9L, 9L), Duration.ZERO))
                .as("noted already, and it never moves")
                .isTrue();

        assertThat(growth.goOn(queue)).isEqualTo(Phase.DRAINING);
        a.claims(old, 0, keyed(0, queue + "-0", "k"), keyed(1, queue + "-1", "k"));
        assertThat(growth.goOn(queue)).as("its owner may not know the switch").isEqualTo(Phase.DRAINING);
        TakeOver.Answer again = a.takes(old);
        assertThat(again.layout().countAt(1)).isEqualTo(4);
        assertThat(again.layout().countAt(2)).isEqualTo(8);
        assertThat(a.takes(fresh).verdict()).isEqualTo(TakeOver.Verdict.HELD);

        assertThat(open(queue)).isEqualTo(4);
        assertThat(a.takes(fresh).verdict()).isEqualTo(TakeOver.Verdict.TAKEN);
        assertThat(a.takes(fresh).layout().countAt(0)).isEqualTo(8);
        assertThat(growth.find(queue)).isEmpty();
    }

    /** The key's jobs stand in two partitions of two owners, and yet one after the other. */
    @Test
    void a_key_that_has_moved_goes_on_behind_its_jobs_in_the_old_partition() {
        String queue = db.queue(Ordering.KEY, Optional.empty());
        Actor a = db.worker();
        Actor b = db.worker();
        PartitionEpoch old = new PartitionEpoch(queue, 0, 1);
        PartitionEpoch fresh = new PartitionEpoch(queue, 4, 1);
        a.takes(old);
        a.claims(old, 0, keyed(0, queue + "-0", "k"), keyed(1, queue + "-1", "k"));
        grow(queue, a, old, 2);
        b.takes(fresh);

        assertThat(b.claims(fresh, 0, keyed(0, queue + "-2", "k"))).containsExactly(Claim.Verdict.WAITING);
        due(queue);
        assertThat(b.store().startDue(List.of(fresh), 10)).isEmpty();
        a.ends(id(queue + "-0"), 1, Outcome.Verdict.RETRIED, Duration.ZERO, List.of(), old);
        due(queue);
        assertThat(b.store().startDue(List.of(fresh), 10)).isEmpty();
        assertThat(a.store().startDue(List.of(old), 10))
                .extracting(RunningJob::id)
                .containsExactly(id(queue + "-0"));
        assertThat(a.succeeds(id(queue + "-0"), 2, old)).anyMatch(Settled.Started.class::isInstance);
        due(queue);
        assertThat(b.store().startDue(List.of(fresh), 10)).isEmpty();
        a.succeeds(id(queue + "-1"), 1, old);
        assertThat(db.count("SELECT count(*) FROM job_waiting WHERE queue = '" + queue + "' AND due_at <= now()"))
                .as("told by the end of the last one before it")
                .isEqualTo(1);
        assertThat(b.store().startDue(List.of(fresh), 10))
                .extracting(RunningJob::id)
                .containsExactly(id(queue + "-2"));
    }

    @Test
    void what_is_scheduled_goes_to_the_new_partition_of_its_key() {
        String queue = db.queue(Ordering.KEY, Optional.empty());
        Actor a = db.worker();
        PartitionEpoch old = new PartitionEpoch(queue, 0, 1);
        a.takes(old);
        a.claims(old, 0, keyed(0, queue + "-0", "k"), keyed(1, queue + "-1", "k"));
        for (int i = 0; i < 40; i++) {
            db.execute(
                    "INSERT INTO job_waiting (job_id, queue, partition, record_offset, state, due_at, type, order_key,"
                            + " submitted_at, payload) VALUES (gen_random_uuid(), '" + queue
                            + "', partition_of_key('key-" + i
                            + "', 4), 0, 'scheduled', now() + interval '1 day', 'test', 'key-" + i + "', now(), '')");
        }
        grow(queue, a, old, 2);

        assertThat(db.count("SELECT count(*) FROM job_waiting WHERE queue = '" + queue
                        + "' AND key_position IS NULL AND partition <> partition_of_key(order_key, 8)"))
                .isZero();
        assertThat(db.count("SELECT count(*) FROM job_waiting WHERE queue = '" + queue
                        + "' AND key_position IS NULL AND partition >= 4"))
                .isPositive();
        assertThat(db.count("SELECT count(*) FROM job_waiting WHERE queue = '" + queue
                        + "' AND key_position IS NOT NULL AND partition = 0"))
                .as("with a place it may stay")
                .isEqualTo(1);
    }

    private void grow(String queue, Actor owner, PartitionEpoch old, long end) {
        growth.announce(queue, 8);
        growth.made(queue);
        growth.noteSwitch(queue, List.of(end, 0L, 0L, 0L), Duration.ZERO);
        owner.store().takeOver(List.of(new TakeOver(old, TOPIC)));
        open(queue);
    }

    /** How many pieces it took. */
    private int open(String queue) {
        int moves = 0;
        while (growth.goOn(queue) == Phase.MOVING) {
            moves++;
        }
        return moves;
    }

    private void due(String queue) {
        db.execute("UPDATE job_waiting SET due_at = now() WHERE queue = '" + queue + "' AND due_at < 'infinity'");
    }
}
