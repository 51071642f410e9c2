package dev.muster.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

/** Processor time as Linux accounts for it, in {@code /proc}. Thread-safe. */
public final class Cpu {
    /** The kernel's unit in these files, on every platform that matters. */
    private static final double TICKS_PER_SECOND = 100;

    private Cpu() {}

    /**
     * Seconds that a process, its living descendants and those of them that have ended and were waited for have taken;
     * 0 once it is gone.
     */
    public static double secondsOfTree(long pid) {
        return tree(pid).stream().mapToDouble(Cpu::seconds).sum();
    }

    /** A process and its living descendants. */
    static List<Long> tree(long pid) {
        return Stream.concat(
                        Stream.of(pid),
                        ProcessHandle.of(pid).stream()
                                .flatMap(ProcessHandle::descendants)
                                .map(ProcessHandle::pid))
                .toList();
    }

    /** Seconds that all processors of the machine have worked, whoever for, since it was started. */
    public static double secondsOfMachine() {
        String[] fields =
                read(Path.of("/proc/stat")).lines().findFirst().orElseThrow().split("\\s+", -1);
        // user nice system irq softirq; idle, iowait and what a hypervisor took are not work.
        return (Long.parseLong(fields[1])
                        + Long.parseLong(fields[2])
                        + Long.parseLong(fields[3])
                        + Long.parseLong(fields[6])
                        + Long.parseLong(fields[7]))
                / TICKS_PER_SECOND;
    }

    /** The most that was ever resident of a process, in MB; 0 once it is gone. */
    public static long peakMegabytes(long pid) {
        return proc(pid, "status")
                .lines()
                .filter(line -> line.startsWith("VmHWM:"))
                .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) / 1024)
                .findFirst()
                .orElse(0);
    }

    /** Seconds that a process and what it has waited for have taken, without its living children; 0 once it is gone. */
    static double seconds(long pid) {
        String stat = proc(pid, "stat");
        if (stat.isEmpty()) {
            return 0;
        }
        // The name in parentheses may hold spaces; what follows it does not. utime, stime, cutime, cstime.
        String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
        return Arrays.stream(fields, 11, 15).mapToLong(Long::parseLong).sum() / TICKS_PER_SECOND;
    }

    /** What the kernel says of a process; empty once it is gone. */
    static String proc(long pid, String what) {
        return read(Path.of("/proc", Long.toString(pid), what));
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException _) {
            return ""; // the process has ended
        }
    }
}
