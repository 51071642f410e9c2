package dev.muster.supervision.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class RegistryTest {
    private final Registry<ThreadLife> registry = new Registry<>();

    @Test
    void a_name_has_one_life_and_is_free_the_moment_that_has_ended() throws Exception {
        CountDownLatch end = new CountDownLatch(1);
        ThreadLife first = ThreadLife.task("first", end::await);
        ThreadLife second = ThreadLife.task("second", end::await);
        assertThat(registry.register("name", first)).isTrue();
        assertThat(registry.register("name", second)).isFalse();
        assertThat(registry.find("name")).contains(first);

        first.kill();

        assertThat(registry.find("name")).isEmpty();
        assertThat(registry.register("name", second)).isTrue();
        end.countDown();
        second.onExit().get(20, TimeUnit.SECONDS);
        assertThat(registry.find("name")).isEmpty();
    }

    @Test
    void a_life_that_has_ended_before_holds_no_name() throws Exception {
        ThreadLife ended = ThreadLife.task("ended", () -> {});
        ended.onExit().get(20, TimeUnit.SECONDS);

        registry.register("name", ended);

        assertThat(registry.find("name")).isEmpty();
    }
}
