package dev.muster.worker.posix;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.invoke.MethodHandle;
import java.util.Optional;

/**
 * Ends this process now. {@link Runtime#halt} does not: it waits 300 ms for threads that are in native code, and each of
 * Kafka's clients has one there. Where native calls are not allowed, it takes {@code halt}'s time. Thread-safe.
 *
 * <p>Source: OpenJDK, {@code VM_Exit::wait_for_threads_in_native_to_block}; _exit(2). What is left out is what a JVM does at
 * its end for others: an ahead-of-time cache, a flight recording.
 */
public final class ImmediateExit {
    private static final Optional<MethodHandle> EXIT = link();

    private ImmediateExit() {}

    @SuppressWarnings("restricted")
    private static Optional<MethodHandle> link() {
        try {
            Linker linker = Linker.nativeLinker();
            return Optional.of(linker.downcallHandle(
                    linker.defaultLookup().findOrThrow("_exit"), FunctionDescriptor.ofVoid(JAVA_INT)));
        } catch (RuntimeException | LinkageError e) {
            return Optional.empty();
        }
    }

    /** Links what it needs, so that the end need not wait for that. */
    public static void prepare() {
        // Done by the initializer.
    }

    /** Does not return. */
    public static void now(int code) {
        if (EXIT.isPresent()) {
            try {
                EXIT.get().invokeExact(code);
            } catch (Throwable e) {
                // Such as no memory left to call it for the first time.
            }
        }
        Runtime.getRuntime().halt(code);
    }
}
