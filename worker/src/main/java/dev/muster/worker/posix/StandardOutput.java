package dev.muster.worker.posix;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.io.FileOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Sends what this process writes from now on, the JVM's own last words included, to another file. Where that can't be
 * done (not Linux, or native calls are not allowed), what Java code writes goes there, and the JVM's words stay where
 * they were.
 *
 * <p>Source: open(2), dup2(2); the flags as Linux has them on all architectures that the JDK runs on.
 */
public final class StandardOutput {
    private static final int O_WRONLY_CREAT_APPEND = 0x1 | 0x40 | 0x400;
    private static final int MODE = 0644;

    private final Optional<Calls> calls;

    private StandardOutput(Optional<Calls> calls) {
        this.calls = calls;
    }

    private record Calls(MethodHandle open, MethodHandle dup2) {
        @SuppressWarnings("restricted")
        static Optional<Calls> link() {
            if (!System.getProperty("os.name", "").equals("Linux")) {
                return Optional.empty();
            }
            try {
                Linker linker = Linker.nativeLinker();
                SymbolLookup libc = linker.defaultLookup();
                return Optional.of(new Calls(
                        linker.downcallHandle(
                                libc.findOrThrow("open"),
                                FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_INT, JAVA_INT),
                                Linker.Option.firstVariadicArg(2)),
                        linker.downcallHandle(
                                libc.findOrThrow("dup2"), FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT))));
            } catch (RuntimeException | LinkageError e) {
                return Optional.empty();
            }
        }
    }

    /** Links what it needs. */
    public static StandardOutput prepare() {
        return new StandardOutput(Calls.link());
    }

    /**
     * Output and errors go to the end of this file.
     *
     * @throws IOException if it can't be opened
     */
    public void appendTo(Path file) throws IOException {
        if (calls.isEmpty()) {
            PrintStream stream =
                    new PrintStream(new FileOutputStream(file.toFile(), true), true, StandardCharsets.UTF_8);
            System.setOut(stream);
            System.setErr(stream);
            return;
        }
        System.out.flush();
        System.err.flush();
        int fd = open(calls.get(), file);
        if (fd < 0) {
            throw new IOException("can't open " + file);
        }
        for (int standard = 1; standard <= 2; standard++) {
            duplicate(calls.get(), fd, standard);
        }
    }

    private static int open(Calls calls, Path file) {
        try (Arena arena = Arena.ofConfined()) {
            return (int) calls.open().invokeExact(arena.allocateFrom(file.toString()), O_WRONLY_CREAT_APPEND, MODE);
        } catch (Throwable e) {
            throw new IllegalStateException("INVARIANT: a linked call throws nothing", e);
        }
    }

    private static void duplicate(Calls calls, int from, int to) throws IOException {
        int done;
        try {
            done = (int) calls.dup2().invokeExact(from, to);
        } catch (Throwable e) {
            throw new IllegalStateException("INVARIANT: a linked call throws nothing", e);
        }
        if (done != to) {
            throw new IOException("can't redirect " + to);
        }
    }
}
