package dev.muster.local;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/**
 * Where commands write to. Thread-safe.
 *
 * @param terminal whether a person looks on: then a progress bar may redraw its line
 */
public record Console(PrintStream out, PrintStream err, boolean terminal) {

    /** The process's own standard output and error, in UTF-8 whatever the locale. */
    public static Console system() {
        return new Console(
                new PrintStream(new FileOutputStream(FileDescriptor.out), true, StandardCharsets.UTF_8),
                new PrintStream(new FileOutputStream(FileDescriptor.err), true, StandardCharsets.UTF_8),
                Optional.ofNullable(System.console())
                        .map(java.io.Console::isTerminal)
                        .orElse(false));
    }

    public void line(String text) {
        out.println(text);
    }
}
