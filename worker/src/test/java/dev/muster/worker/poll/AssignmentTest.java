package dev.muster.worker.poll;

import static org.assertj.core.api.Assertions.assertThat;

import dev.muster.store.PartitionEpoch;
import java.util.List;
import java.util.Set;
import org.apache.kafka.clients.consumer.MockConsumer;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.Test;

/** With Kafka's own consumer without a broker. */
final class AssignmentTest {
    private static final PartitionEpoch FIRST = new PartitionEpoch("payments", 0, 3);
    private static final PartitionEpoch SECOND = new PartitionEpoch("mails", 0, 3);
    private static final TopicPartition PAYMENTS = Assignment.topicPartition(FIRST);
    private static final TopicPartition MAILS = Assignment.topicPartition(SECOND);

    private final MockConsumer<byte[], byte[]> consumer = new MockConsumer<>("none");
    private final Assignment assignment = new Assignment(consumer);

    AssignmentTest() {
        consumer.assign(List.of(PAYMENTS, MAILS));
        assignment.add(PAYMENTS, FIRST);
        assignment.add(MAILS, SECOND);
    }

    @Test
    void nothing_is_read_before_its_lane_has_taken_it_over() {
        assignment.readAllBut(Set.of());
        assertThat(consumer.paused()).containsExactlyInAnyOrder(PAYMENTS, MAILS);
        assertThat(assignment.paused()).isEqualTo(2);

        assignment.open(FIRST, 42, 1);
        assignment.readAllBut(Set.of());

        assertThat(consumer.paused()).containsExactly(MAILS);
        assertThat(assignment.paused()).isEqualTo(1);
        assertThat(consumer.position(PAYMENTS)).isEqualTo(42);
    }

    @Test
    void a_queue_that_has_enough_is_not_read_until_it_wants_more() {
        assignment.open(FIRST, 0, 1);
        assignment.open(SECOND, 0, 1);
        assignment.readAllBut(Set.of("payments"));
        assertThat(consumer.paused()).containsExactly(PAYMENTS);

        assignment.readAllBut(Set.of());

        assertThat(consumer.paused()).isEmpty();
        assertThat(assignment.paused()).isZero();
    }

    @Test
    void what_is_closed_is_read_no_more_and_an_order_of_another_epoch_is_none() {
        assignment.open(FIRST, 0, 1);
        assignment.open(SECOND, 0, 1);
        assignment.readAllBut(Set.of());

        assignment.close(FIRST);
        assignment.close(new PartitionEpoch("mails", 0, 2));
        assignment.readAllBut(Set.of());

        assertThat(consumer.paused()).containsExactly(PAYMENTS);
    }

    @Test
    void a_partition_that_was_taken_away_does_not_count_though_the_client_still_has_it() {
        assignment.open(FIRST, 0, 1);
        assignment.readAllBut(Set.of());
        assertThat(assignment.paused()).isEqualTo(1);

        assertThat(assignment.remove(MAILS)).contains(SECOND);
        assignment.readAllBut(Set.of());

        assertThat(consumer.paused()).containsExactly(MAILS);
        assertThat(assignment.size()).isEqualTo(1);
        assertThat(assignment.paused()).isZero();
    }
}
