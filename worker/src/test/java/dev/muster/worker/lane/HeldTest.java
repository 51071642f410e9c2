package dev.muster.worker.lane;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.muster.job.Ordering;
import dev.muster.job.Queue;
import dev.muster.store.PartitionEpoch;
import dev.muster.store.TakeOver;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.UUID;
import java.util.stream.LongStream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.junit.jupiter.api.Test;

final class HeldTest {
    private static final Queue QUEUE = new Queue("q", Ordering.NONE, "default", 1, Optional.empty(), false);

    private static final TakeOver.Layout LAYOUT = new TakeOver.Layout(1, OptionalInt.empty(), 0, OptionalLong.empty());

    private final Held held = new Held(new PartitionEpoch("q", 0, 1), 0);

    @Test
    void what_is_claimed_already_is_dropped_at_the_takeover() {
        held.add(records(3, 4, 5, 6));

        assertThat(held.taken(QUEUE, new UUID(1, 1), 5, LAYOUT)).isEqualTo(2);
        assertThat(offsets(held.head(10))).containsExactly(5L, 6L);
    }

    @Test
    void nothing_is_kept_when_postgres_was_set_back() {
        held.taken(QUEUE, new UUID(1, 1), 3, LAYOUT);
        held.add(records(3, 4, 5, 6));
        held.claimed(2, 5);
        held.doubt();

        held.taken(
                QUEUE,
                new UUID(1, 1),
                2,
                LAYOUT); // 2 to 4 are not here any more, and 5 must not be claimed before them

        assertThat(held.buffered()).isZero();
    }

    @Test
    void what_is_held_back_remembers_the_type_that_it_waits_for() {
        held.taken(QUEUE, new UUID(1, 1), 3, LAYOUT);
        held.add(records(3));
        assertThat(held.headType(_ -> Optional.of("payment"))).contains("payment");

        held.holdBack(true);
        held.clear();
        assertThat(held.headType(_ -> Optional.of("other"))).contains("payment");

        held.holdBack(false);
        assertThat(held.headType(_ -> Optional.of("other"))).isEmpty();
    }

    @Test
    void what_comes_again_is_left_out() {
        held.taken(QUEUE, new UUID(1, 1), 3, LAYOUT);

        assertThat(held.add(records(1, 2, 3, 4))).isEqualTo(2);
        assertThat(held.add(records(3, 4, 5))).isEqualTo(2);
        assertThat(offsets(held.head(10))).containsExactly(3L, 4L, 5L);
    }

    @Test
    void gaps_in_the_log_are_no_loss() {
        held.taken(QUEUE, new UUID(1, 1), 0, LAYOUT);

        assertThat(held.add(records(4, 9))).isZero(); // transaction markers and aborted records have offsets too
        held.claimed(2, 10);
        assertThat(held.position()).isEqualTo(10);
        assertThat(held.buffered()).isZero();
    }

    @Test
    void records_stay_until_they_are_claimed() {
        held.taken(QUEUE, new UUID(1, 1), 0, LAYOUT);
        held.add(records(0, 1, 2));

        assertThat(offsets(held.head(2))).containsExactly(0L, 1L);
        assertThat(offsets(held.head(2))).containsExactly(0L, 1L);
        held.claimed(2, 2);
        assertThat(offsets(held.head(2))).containsExactly(2L);
        assertThat(held.clear()).isEqualTo(1);
    }

    @Test
    void in_doubt_it_has_no_position_until_it_is_taken_over_again() {
        held.taken(QUEUE, new UUID(1, 1), 7, LAYOUT);
        held.doubt();

        assertThat(held.isTaken()).isFalse();
        assertThatThrownBy(held::position).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void each_seek_has_a_number_of_its_own() {
        int first = held.nextSeek();

        assertThat(held.seek()).isEqualTo(first);
        assertThat(held.nextSeek()).isNotEqualTo(first);
    }

    private static List<ConsumerRecord<byte[], byte[]>> records(long... offsets) {
        return LongStream.of(offsets)
                .mapToObj(offset -> new ConsumerRecord<>("q", 0, offset, new byte[0], new byte[0]))
                .toList();
    }

    private static List<Long> offsets(List<ConsumerRecord<byte[], byte[]>> records) {
        return records.stream().map(ConsumerRecord::offset).toList();
    }
}
