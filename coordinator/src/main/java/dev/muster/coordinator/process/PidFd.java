package dev.muster.coordinator.process;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A file descriptor that stands for a process and becomes readable when that ends. Confined to the thread that waits.
 *
 * <p>Source: Linux, pidfd_open(2), since 5.3; poll(2).
 */
final class PidFd implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(PidFd.class);
    /** The same on all architectures that the JDK runs on. */
    private static final long PIDFD_OPEN = 434;

    private static final short POLLIN = 1;
    private static final int FOREVER = -1;
    private static final int INTERRUPTED_AT_MOST = 1_000;

    private static final Optional<Calls> CALLS = Calls.link();

    private final Calls calls;
    private final int fd;

    private PidFd(Calls calls, int fd) {
        this.calls = calls;
        this.fd = fd;
    }

    private record Calls(MethodHandle syscall, MethodHandle poll, MethodHandle close) {
        /** Empty where this is not Linux or native calls are not allowed. */
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
                                libc.findOrThrow("syscall"),
                                FunctionDescriptor.of(JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG),
                                Linker.Option.firstVariadicArg(1)),
                        linker.downcallHandle(
                                libc.findOrThrow("poll"),
                                FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_LONG, JAVA_INT)),
                        linker.downcallHandle(libc.findOrThrow("close"), FunctionDescriptor.of(JAVA_INT, JAVA_INT))));
            } catch (RuntimeException | LinkageError e) {
                LOG.debug("No native calls: {}", e.toString());
                return Optional.empty();
            }
        }
    }

    /** Empty if there is no such process, or none of this can be had here. */
    static Optional<PidFd> open(long pid) {
        return CALLS.flatMap(calls -> {
            try {
                long fd = (long) calls.syscall().invokeExact(PIDFD_OPEN, pid, 0L);
                return fd < 0 ? Optional.empty() : Optional.of(new PidFd(calls, (int) fd));
            } catch (Throwable e) {
                throw new IllegalStateException("INVARIANT: a linked call throws nothing", e);
            }
        });
    }

    /** Returns true when the process has ended; false if that can't be waited for. */
    boolean awaitExit() {
        try (Arena arena = Arena.ofConfined()) {
            // struct pollfd { int fd; short events; short revents; }
            MemorySegment entry = arena.allocate(8, 4);
            entry.set(JAVA_INT, 0, fd);
            entry.set(JAVA_SHORT, 4, POLLIN);
            for (int tries = 0; tries < INTERRUPTED_AT_MOST; tries++) {
                int ready = (int) calls.poll().invokeExact(entry, 1L, FOREVER);
                if (ready > 0) {
                    return (entry.get(JAVA_SHORT, 6) & POLLIN) != 0;
                }
            }
            return false;
        } catch (Throwable e) {
            throw new IllegalStateException("INVARIANT: a linked call throws nothing", e);
        }
    }

    @Override
    public void close() {
        try {
            int closed = (int) calls.close().invokeExact(fd);
            if (closed != 0) {
                LOG.debug("A pidfd could not be closed");
            }
        } catch (Throwable e) {
            throw new IllegalStateException("INVARIANT: a linked call throws nothing", e);
        }
    }
}
