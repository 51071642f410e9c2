package dev.muster.coordinator.process;

import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** This host's name and its processes. */
public final class LocalHost {
    /** The operating system's start time is read in ticks, and from a boot time in seconds. */
    private static final Duration SAME_START = Duration.ofSeconds(2);

    private static final Set<String> LOOPBACK = Set.of("127.0.0.1", "localhost", "::1");

    private LocalHost() {}

    /** Its name, as incarnations record it. */
    public static String name() {
        try {
            return InetAddress.getLocalHost().getHostName();
        } catch (UnknownHostException e) {
            return Optional.ofNullable(System.getenv("HOSTNAME")).orElse("localhost");
        }
    }

    /** True if a recorded host is this one. */
    public static boolean isHere(@Nullable String host) {
        return host != null && (host.equals(name()) || LOOPBACK.contains(host));
    }

    /** The process that had this pid and was started then, if it still runs. A pid alone may be somebody else's by now. */
    public static Optional<ProcessHandle> find(long pid, @Nullable Instant startedAt) {
        return ProcessHandle.of(pid).filter(handle -> isSame(handle, startedAt) && isAlive(handle));
    }

    /** False for a process that has ended and is merely not collected by its parent. */
    static boolean isAlive(ProcessHandle handle) {
        return handle.isAlive() && !isZombie(handle.pid());
    }

    private static boolean isSame(ProcessHandle handle, @Nullable Instant startedAt) {
        Optional<Instant> actual = handle.info().startInstant();
        return startedAt != null
                && actual.isPresent()
                && Duration.between(startedAt, actual.get()).abs().compareTo(SAME_START) <= 0;
    }

    /** Source: proc(5), /proc/pid/stat: the state follows the name, which stands in brackets and may have any character. */
    private static boolean isZombie(long pid) {
        try {
            String stat = Files.readString(Path.of("/proc", Long.toString(pid), "stat"));
            int state = stat.lastIndexOf(')') + 2;
            return state < stat.length() && "ZX".indexOf(stat.charAt(state)) >= 0;
        } catch (IOException e) {
            return false; // no such file system, or the process has just ended, which the handle knows
        }
    }
}
