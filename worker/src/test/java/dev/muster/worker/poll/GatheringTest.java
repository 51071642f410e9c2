package dev.muster.worker.poll;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class GatheringTest {
    private final Gathering gathering = new Gathering(500, at(0));

    @Test
    void the_first_record_is_waited_for_by_nobody_nor_one_that_comes_alone() {
        assertThat(gathering.came(1, at(0))).isFalse();
        assertThat(gathering.came(1, at(10))).isFalse();
        assertThat(gathering.came(1, at(5_000))).isFalse();
    }

    @Test
    void records_that_follow_each_other_are_gathered_until_they_do_not() {
        gathering.came(1, at(0));

        assertThat(gathering.came(1, at(4))).isTrue();
        assertThat(gathering.came(3, at(10))).isTrue();
        assertThat(gathering.came(1, at(30))).isFalse();
    }

    @Test
    void a_backlog_does_not_wait() {
        gathering.came(500, at(0));

        assertThat(gathering.came(500, at(3))).isFalse();
        assertThat(gathering.came(50, at(6))).isFalse();
        assertThat(gathering.came(49, at(9))).isTrue();
    }

    @Test
    void a_poll_that_brings_all_that_it_may_is_of_a_backlog() {
        Gathering few = new Gathering(4, at(0));
        few.came(4, at(0));

        assertThat(few.came(4, at(1))).isFalse();
        assertThat(few.came(3, at(2))).isTrue();
    }

    private static long at(long millis) {
        return TimeUnit.MILLISECONDS.toNanos(millis) - 7;
    }
}
