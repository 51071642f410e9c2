package dev.muster.coordinator.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.muster.config.ConfigException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class ReachTest {
    @ParameterizedTest
    @ValueSource(
            strings = {"localhost", "LOCALHOST:8080", "127.0.0.1", "127.0.0.1:8080", "127.1.2.3:1", "[::1]", "[::1]:80"
            })
    void this_machine_by_its_names(String host) {
        assertThat(Reach.namesThisMachine(host)).isTrue();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "evil.example",
                "evil.example:8080",
                "127.0.0.1.evil.example",
                "localhost.evil.example:8080",
                "evil.example/localhost",
                "192.168.1.7",
                "0.0.0.0:8080",
                "",
                ":8080"
            })
    void another_name_is_no_name_of_this_machine(String host) {
        assertThat(Reach.namesThisMachine(host)).isFalse();
    }

    @Test
    void where_others_can_reach_it_it_listens_only_if_that_is_allowed() {
        assertThatThrownBy(() -> Reach.of("0.0.0.0", false))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("muster.http.allow-remote");
        assertThatCode(() -> Reach.of("0.0.0.0", true)).doesNotThrowAnyException();
        assertThatCode(() -> Reach.of("127.0.0.1", false)).doesNotThrowAnyException();
        assertThatThrownBy(() -> Reach.of("no.such.host.invalid", true)).isInstanceOf(ConfigException.class);
    }
}
