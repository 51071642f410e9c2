package dev.muster.embedded;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;

/** The last lines of a log file, read from its end so that a large file costs nothing. */
final class LogTail {
    private static final int BYTES = 16 * 1024;

    private LogTail() {}

    /** At most {@code lines} lines, oldest first; empty when the file cannot be read. */
    static List<String> read(Path file, int lines) {
        try (RandomAccessFile log = new RandomAccessFile(file.toFile(), "r")) {
            long start = Math.max(0, log.length() - BYTES);
            byte[] tail = new byte[(int) (log.length() - start)];
            log.seek(start);
            log.readFully(tail);
            List<String> all = new String(tail, StandardCharsets.UTF_8).lines().toList();
            return all.subList(Math.max(0, all.size() - lines), all.size());
        } catch (IOException _) {
            // The tail is only ever quoted in a report of something worse.
            return List.of();
        }
    }
}
