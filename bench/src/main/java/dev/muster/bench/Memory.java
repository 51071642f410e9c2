package dev.muster.bench;

import java.util.List;

/**
 * What processes hold of the machine's memory, in MB, as Linux accounts for it in {@code /proc/PID/smaps_rollup}.
 *
 * @param rss all that is resident, shared pages counted in each process that has them mapped
 * @param pss the same with each shared page divided among those that have it mapped: what may be added up
 * @param shared how much of the former is mapped by others too, such as a class archive or Postgres' buffers
 */
record Memory(double rss, double pss, double shared) {
    static final Memory NONE = new Memory(0, 0, 0);

    /** Of all these together; who has ended holds none. */
    static Memory of(List<Long> pids) {
        return pids.stream().map(Memory::of).reduce(NONE, Memory::plus);
    }

    private static Memory of(long pid) {
        String rollup = Cpu.proc(pid, "smaps_rollup");
        return new Memory(
                megabytes(rollup, "Rss:"),
                megabytes(rollup, "Pss:"),
                megabytes(rollup, "Shared_Clean:") + megabytes(rollup, "Shared_Dirty:"));
    }

    private static double megabytes(String rollup, String line) {
        return rollup.lines()
                        .filter(each -> each.startsWith(line))
                        .mapToLong(each -> Long.parseLong(each.replaceAll("\\D", "")))
                        .sum()
                / 1024.0;
    }

    Memory plus(Memory other) {
        return new Memory(rss + other.rss, pss + other.pss, shared + other.shared);
    }
}
