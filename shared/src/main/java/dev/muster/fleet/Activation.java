package dev.muster.fleet;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * What a spare process is told when it becomes a worker, over a pipe: which life is its own. Immutable.
 *
 * @param environment settings by the names of their environment variables, over those that the process was started with
 * @param log the file that its output goes to from now on
 */
public record Activation(Map<String, String> environment, String log) {
    /** So that half of one, from somebody who was killed while writing, is never taken for a whole. */
    private static final int COMPLETE = 0x6d757374;

    public Activation {
        environment = Map.copyOf(environment);
    }

    /**
     * Writes it in one piece.
     *
     * @throws IOException if the process is gone
     */
    public void writeTo(OutputStream pipe) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        DataOutputStream data = new DataOutputStream(bytes);
        data.writeUTF(log);
        data.writeInt(environment.size());
        for (Map.Entry<String, String> setting : environment.entrySet()) {
            data.writeUTF(setting.getKey());
            data.writeUTF(setting.getValue());
        }
        data.writeInt(COMPLETE);
        pipe.write(bytes.toByteArray());
        pipe.flush();
    }

    /** Without the values, among which are secrets. */
    @Override
    public String toString() {
        return "Activation[" + environment.keySet() + ", " + log + "]";
    }

    /** Waits for one. Empty if the other end was closed, or its process ended, without a whole one. */
    public static Optional<Activation> readFrom(InputStream pipe) throws IOException {
        DataInputStream data = new DataInputStream(new ByteArrayInputStream(pipe.readAllBytes()));
        try {
            String log = data.readUTF();
            int count = data.readInt();
            Map<String, String> environment = new LinkedHashMap<>();
            for (int i = 0; i < count; i++) {
                environment.put(data.readUTF(), data.readUTF());
            }
            return data.readInt() == COMPLETE ? Optional.of(new Activation(environment, log)) : Optional.empty();
        } catch (EOFException e) {
            return Optional.empty();
        }
    }
}
