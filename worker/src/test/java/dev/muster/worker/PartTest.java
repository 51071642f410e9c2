package dev.muster.worker;

import static org.assertj.core.api.Assertions.assertThat;

import dev.muster.supervision.ExitReason;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class PartTest {
    private final CountDownLatch asked = new CountDownLatch(1);
    private final AtomicInteger stuck = new AtomicInteger();

    @Test
    void one_that_ends_when_it_is_asked_to_has_shut_down() throws Exception {
        Part part = new Part("part", asked::await, asked::countDown, stuck::incrementAndGet);

        part.shutdown();

        assertThat(end(part)).isEqualTo(new ExitReason.Shutdown());
        part.kill();
        assertThat(stuck).as("it had ended in time").hasValue(0);
    }

    @Test
    void one_that_ends_without_being_asked_has_ended_normally_and_one_that_throws_has_crashed() throws Exception {
        assertThat(end(new Part("part", () -> {}, () -> {}, stuck::incrementAndGet)))
                .isEqualTo(new ExitReason.Normal());
        assertThat(end(new Part(
                        "part",
                        () -> {
                            throw new StackOverflowError("deep");
                        },
                        () -> {},
                        stuck::incrementAndGet)))
                .isEqualTo(new ExitReason.Crash("java.lang.StackOverflowError: deep"));
    }

    @Test
    void one_that_does_not_end_in_time_is_told_of() throws Exception {
        Part part = new Part("part", asked::await, () -> {}, stuck::incrementAndGet);

        part.shutdown();
        part.kill();

        assertThat(end(part)).isEqualTo(new ExitReason.Killed());
        assertThat(stuck).hasValue(1);
        asked.countDown();
    }

    private static ExitReason end(Part part) throws Exception {
        return part.onExit().get(20, TimeUnit.SECONDS);
    }
}
