package dev.muster.embedded;

import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;

/**
 * Sends signals by name. Uses the shell's own {@code kill}: the JDK knows TERM and KILL only, and a separate kill
 * program is missing from slim images.
 */
final class Signals {
    private Signals() {}

    /** Sends a signal; a process that has ended meanwhile is no error. */
    static void send(ProcessHandle process, String name) {
        if (!name.matches("[A-Z][A-Z0-9]*")) {
            throw new IllegalArgumentException("not a signal name: " + name);
        }
        if (!process.isAlive()) {
            return;
        }
        try {
            int code = new ProcessBuilder("sh", "-c", "kill -s " + name + " " + process.pid())
                    .redirectOutput(Redirect.DISCARD)
                    .redirectError(Redirect.DISCARD)
                    .start()
                    .waitFor();
            if (code != 0 && process.isAlive()) {
                throw new IOException("kill answered " + code);
            }
        } catch (IOException e) {
            throw EmbeddedServerException.io("sending " + name + " to process " + process.pid(), e);
        } catch (InterruptedException e) {
            throw EmbeddedServerException.interrupted("sending " + name + " to process " + process.pid(), e);
        }
    }
}
