package dev.muster.embedded;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * Backends that outlived a killed postmaster. They notice by themselves, but not while they work, and until the last is
 * gone a new postmaster refuses the cluster because their shared memory is still in use. Found by the working folder,
 * which for every Postgres process is its cluster; where /proc is missing, nothing is found and Postgres' own check
 * decides.
 */
final class PostgresLeftovers {
    private PostgresLeftovers() {}

    /** Kills what still works on the cluster. The caller holds the claim on its data folder. */
    static void end(Path cluster) throws IOException {
        if (!Files.exists(cluster)) {
            return;
        }
        Path folder = cluster.toRealPath();
        List<ProcessHandle> leftovers = ProcessHandle.allProcesses()
                .filter(process -> worksIn(process, folder))
                .toList();
        leftovers.forEach(Processes::killWithChildren);
    }

    private static boolean worksIn(ProcessHandle process, Path cluster) {
        Path folder = Path.of("/proc", Long.toString(process.pid()), "cwd");
        try {
            return Files.isSymbolicLink(folder)
                    && Files.readSymbolicLink(folder).equals(cluster)
                    && process.info().command().orElse("").endsWith("/postgres");
        } catch (IOException _) {
            return false; // It has ended meanwhile, or belongs to someone else.
        }
    }
}
