package dev.muster.embedded;

import dev.muster.embedded.EmbeddedServerException.ErrorCode;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.util.Optional;

/**
 * One server's claim on a data folder: a lock that keeps a second stack out, the ports it had the last time, and the
 * child that runs on it, so that a child orphaned by a crash is ended before a new one opens the same files.
 *
 * <p>Thread-safety: confined to its server, which guards it.
 */
public final class DataFolder implements AutoCloseable {
    /** Linux counts a start from its boot, whose time of day moves a little when the clock is corrected. */
    private static final long START_TOLERANCE_MILLIS = 2_000;

    private final Path folder;
    private final String server;
    private final FileChannel lockFile;

    private DataFolder(Path folder, String server, FileChannel lockFile) {
        this.folder = folder;
        this.server = server;
        this.lockFile = lockFile;
    }

    /**
     * Claims a folder for a server, creating it when absent, and ends what an earlier owner left running on it.
     *
     * @throws EmbeddedServerException DATA_FOLDER_IN_USE when a living process holds the claim
     */
    static DataFolder claim(Path folder, String server) {
        try {
            Files.createDirectories(folder);
            DataFolder claimed = new DataFolder(folder, server, lock(folder, server));
            claimed.endOrphan();
            return claimed;
        } catch (IOException e) {
            throw EmbeddedServerException.io("claiming " + folder + " for " + server, e);
        }
    }

    /**
     * The port for a listener: the wanted one, or for 0 the one it had the last time when that is free, else a free one
     * that is kept for the next time.
     */
    public int port(String listener, int wanted) {
        if (wanted != 0) {
            return ifFree(listener, wanted);
        }
        Path file = file(listener + ".port");
        try {
            if (Files.exists(file)) {
                int last = Integer.parseInt(Files.readString(file).strip());
                if (Ports.isFree(last)) {
                    return last;
                }
            }
            int port = Ports.free();
            Files.writeString(file, Integer.toString(port));
            return port;
        } catch (IOException | NumberFormatException e) {
            throw EmbeddedServerException.io("choosing a port with " + file, e);
        }
    }

    private static int ifFree(String listener, int port) {
        if (!Ports.isFree(port)) {
            // Without this look the stranger on the port would pass for our child.
            throw new EmbeddedServerException(
                    ErrorCode.START_FAILED,
                    "Port " + port + " for " + listener + " is taken by another process; stop it or configure another");
        }
        return port;
    }

    /** Notes the child that now runs on this folder. */
    void remember(ProcessHandle child) {
        try {
            Files.writeString(file("pid"), child.pid() + " " + startOf(child));
        } catch (IOException e) {
            throw EmbeddedServerException.io("noting process " + child.pid() + " in " + file("pid"), e);
        }
    }

    /** Gives the claim back; the data stay. */
    @Override
    public void close() {
        try {
            lockFile.close();
        } catch (IOException e) {
            throw EmbeddedServerException.io("giving back the lock on " + folder, e);
        }
    }

    private static FileChannel lock(Path folder, String server) throws IOException {
        FileChannel channel =
                FileChannel.open(folder.resolve(server + ".lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        boolean locked = false;
        try {
            FileLock lock = channel.tryLock();
            locked = lock != null;
        } catch (OverlappingFileLockException _) {
            // Another server object of this JVM holds it: the same answer as another process.
        } finally {
            if (!locked) {
                channel.close();
            }
        }
        if (!locked) {
            throw new EmbeddedServerException(
                    ErrorCode.DATA_FOLDER_IN_USE,
                    "Another process runs " + server + " on " + folder.toAbsolutePath()
                            + "; stop it or choose another data folder");
        }
        return channel;
    }

    private void endOrphan() throws IOException {
        if (!Files.exists(file("pid"))) {
            return;
        }
        parse(Files.readString(file("pid"))).ifPresent(Processes::killWithChildren);
        Files.delete(file("pid"));
    }

    /** The process a pid file names, unless its number has since gone to another process. */
    private static Optional<ProcessHandle> parse(String line) {
        int space = line.indexOf(' ');
        if (space < 0) {
            return Optional.empty();
        }
        long started = Long.parseLong(line.substring(space + 1).strip());
        return ProcessHandle.of(Long.parseLong(line.substring(0, space)))
                .filter(handle -> Math.abs(startOf(handle) - started) <= START_TOLERANCE_MILLIS);
    }

    private static long startOf(ProcessHandle process) {
        return process.info().startInstant().map(Instant::toEpochMilli).orElse(0L);
    }

    private Path file(String kind) {
        return folder.resolve(server + "." + kind);
    }
}
