package dev.muster.embedded;

import dev.muster.embedded.EmbeddedServerException.ErrorCode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;

/**
 * Processes that are not children of this JVM, such as those that an earlier one has left behind. No event tells of
 * their end, so it is looked at. Thread-safe.
 */
public final class Processes {
    private static final Duration KILL_LIMIT = Duration.ofSeconds(20);
    private static final Duration POLL = Duration.ofMillis(2);

    private Processes() {}

    /**
     * Those that were started with this variable in their environment; none where there is no {@code /proc}. Others'
     * processes, whose environment may not be read, are not among them.
     */
    public static List<ProcessHandle> withEnvironment(String name, String value) {
        String entry = "\0" + name + "=" + value + "\0";
        return ProcessHandle.allProcesses()
                .filter(process -> environment(process).contains(entry))
                .toList();
    }

    /**
     * Waits until all have ended.
     *
     * @return whether they did within the limit
     * @throws EmbeddedServerException INTERRUPTED
     */
    public static boolean awaitEnd(Collection<ProcessHandle> processes, Duration limit) {
        long start = System.nanoTime();
        for (ProcessHandle process : processes) {
            // The JDK's own onExit() looks only a few times a second at processes that are not children.
            while (isRunning(process)) {
                LockSupport.parkNanos(POLL.toNanos());
                if (Thread.interrupted()) {
                    throw EmbeddedServerException.interrupted(
                            "waiting for process " + process.pid() + " to end", new InterruptedException());
                }
                if (System.nanoTime() - start > limit.toNanos()) {
                    return false;
                }
            }
        }
        return true;
    }

    /**
     * Kills processes, and returns when they are gone.
     *
     * @throws EmbeddedServerException IO_FAILED when one hangs in the kernel
     */
    public static void kill(Collection<ProcessHandle> processes) {
        processes.forEach(ProcessHandle::destroyForcibly);
        if (!awaitEnd(processes, KILL_LIMIT)) {
            throw new EmbeddedServerException(
                    ErrorCode.IO_FAILED,
                    "Processes were killed and still live after " + KILL_LIMIT + ": "
                            + processes.stream()
                                    .filter(Processes::isRunning)
                                    .map(ProcessHandle::pid)
                                    .toList()
                            + "; they hang in the kernel, look at its disk");
        }
    }

    /**
     * Sends a signal; a process that has ended meanwhile is no error.
     *
     * @param name without the SIG prefix: {@code STOP} freezes it, {@code CONT} thaws it
     */
    public static void signal(ProcessHandle process, String name) {
        Signals.send(process, name);
    }

    /** Kills a process and all below it, and returns when they are gone. */
    static void killWithChildren(ProcessHandle process) {
        kill(Stream.concat(Stream.of(process), process.descendants()).toList());
    }

    /** A zombie has let go of its files and ports; who reaps it, and when, is not our concern. */
    private static boolean isRunning(ProcessHandle process) {
        if (!process.isAlive()) {
            return false;
        }
        try {
            String stat = Files.readString(Path.of("/proc", Long.toString(process.pid()), "stat"));
            return stat.charAt(stat.lastIndexOf(')') + 2) != 'Z';
        } catch (IOException _) {
            return process.isAlive();
        }
    }

    private static String environment(ProcessHandle process) {
        try {
            byte[] entries = Files.readAllBytes(Path.of("/proc", Long.toString(process.pid()), "environ"));
            return "\0" + new String(entries, StandardCharsets.UTF_8);
        } catch (IOException _) {
            return ""; // It has ended meanwhile, or belongs to someone else.
        }
    }
}
