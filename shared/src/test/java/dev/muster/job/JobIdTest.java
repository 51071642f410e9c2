package dev.muster.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.UUID;
import org.junit.jupiter.api.Test;

final class JobIdTest {
    private static final UUID TOPIC = UUID.fromString("11111111-1111-4111-8111-111111111111");

    /** Computed by another implementation (Python's hashlib): submitters may derive the id of their job themselves. */
    @Test
    void it_is_what_anybody_computes_from_source_and_id() {
        assertThat(JobId.of("shop", "order-1")).hasToString("9c85d133-4e23-80c8-b93b-5798cde3d5ff");
        assertThat(JobId.of("café", "№ 7")).hasToString("a7f064be-e1f1-8147-88fa-57438abe4fcd");
        assertThat(JobId.atPosition(TOPIC, 3, 42, 1_700_000_000_000L))
                .hasToString("a8578ef5-0bb6-8659-8b50-5ab53ee7b58e");
    }

    @Test
    void it_is_a_version_8_uuid_of_the_standard_variant() {
        JobId id = JobId.of("a", "b");

        assertThat(id.value().version()).isEqualTo(8);
        assertThat(id.value().variant()).isEqualTo(2);
    }

    @Test
    void source_and_id_do_not_run_into_each_other() {
        assertThat(JobId.of("ab", "c")).isNotEqualTo(JobId.of("a", "bc"));
    }

    @Test
    void every_part_of_a_position_counts() {
        JobId id = JobId.atPosition(TOPIC, 1, 2, 3);

        assertThat(JobId.atPosition(TOPIC, 1, 2, 3)).isEqualTo(id);
        assertThat(JobId.atPosition(new UUID(1, 2), 1, 2, 3)).isNotEqualTo(id);
        assertThat(JobId.atPosition(TOPIC, 2, 2, 3)).isNotEqualTo(id);
        assertThat(JobId.atPosition(TOPIC, 1, 3, 3)).isNotEqualTo(id);
        assertThat(JobId.atPosition(TOPIC, 1, 2, 4)).isNotEqualTo(id);
    }

    @Test
    void it_is_read_as_it_is_written() {
        JobId id = JobId.of("a", "b");

        assertThat(JobId.parse(id.toString())).isEqualTo(id);
        assertThatThrownBy(() -> JobId.parse("no id")).isInstanceOf(IllegalArgumentException.class);
    }

    /** Batches are sorted by id on both sides, so the order has to be Postgres' own: by bytes, unsigned. */
    @Test
    void its_order_is_that_of_its_bytes() {
        JobId low = JobId.parse("00000000-0000-8000-8000-000000000000");
        JobId high = JobId.parse("ffffffff-0000-8000-8000-000000000000");
        JobId higher = JobId.parse("ffffffff-0000-8000-bfff-000000000000");

        assertThat(low).isLessThan(high);
        assertThat(high).isLessThan(higher);
        assertThat(high).isEqualByComparingTo(high);
    }
}
