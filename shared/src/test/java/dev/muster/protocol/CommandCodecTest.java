package dev.muster.protocol;

import static org.assertj.core.api.Assertions.assertThat;

import dev.muster.fleet.Incarnation;
import dev.muster.job.JobId;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CommandCodecTest {
    private static final Incarnation INCARNATION = new Incarnation("worker-7.42");

    @Test
    void every_command_comes_back_as_it_was_sent() {
        for (Command command : new Command[] {
            new Command.Fenced(INCARNATION),
            new Command.Stop(INCARNATION),
            new Command.Drain(INCARNATION),
            new Command.Cancel(JobId.of("test", "1")),
            new Command.Scan()
        }) {
            assertThat(CommandCodec.decode(CommandCodec.encode(command))).contains(command);
        }
    }

    @Test
    void the_key_is_the_incarnation() {
        assertThat(CommandCodec.record(new Command.Drain(INCARNATION)).key())
                .isEqualTo("worker-7.42".getBytes(StandardCharsets.UTF_8));
        assertThat(CommandCodec.record(new Command.Scan()).key()).isNull();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "{}",
                "[]",
                "{\"command\":\"fenced\"}",
                "{\"command\":\"sing\"}",
                "{\"command\":\"cancel\",\"job\":\"1\"}",
                "{\"command\":\"stop\",\"incarnation\":\"no dot\"}"
            })
    void what_is_no_command_is_none(String json) {
        assertThat(CommandCodec.decode(json.getBytes(StandardCharsets.UTF_8))).isEmpty();
    }
}
