package dev.muster.fleet;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.Arrays;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ActivationTest {
    private static final Activation ACTIVATION = new Activation(
            Map.of("MUSTER_WORKER_NAME", "worker-1", "MUSTER_KAFKA_CLIENT_X", "two\nlines = and ü"),
            "run/worker-1.log");

    @Test
    void what_was_written_is_read() throws IOException {
        assertThat(Activation.readFrom(new ByteArrayInputStream(written()))).contains(ACTIVATION);
    }

    @Test
    void of_one_that_was_cut_off_nothing_is_read() throws IOException {
        byte[] whole = written();
        for (int length = 0; length < whole.length; length++) {
            assertThat(Activation.readFrom(new ByteArrayInputStream(Arrays.copyOf(whole, length))))
                    .as("%d of %d bytes", length, whole.length)
                    .isEmpty();
        }
    }

    private static byte[] written() throws IOException {
        ByteArrayOutputStream pipe = new ByteArrayOutputStream();
        ACTIVATION.writeTo(pipe);
        return pipe.toByteArray();
    }
}
