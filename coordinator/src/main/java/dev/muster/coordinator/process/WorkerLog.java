package dev.muster.coordinator.process;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SeekableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;

/** The file that a worker's output goes to. The process writes it by itself, so that it outlives the coordinator. */
public record WorkerLog(Path file) {
    private static final long LARGEST = 20L << 20;
    private static final int TAIL_BYTES = 8 * 1024;
    private static final int TAIL_LINES = 20;

    public static WorkerLog of(Path folder, String worker) {
        return new WorkerLog(folder.resolve(worker + ".log"));
    }

    /** Makes the folder; a log that has grown too large is put aside, the one before it is dropped. */
    public void prepare() throws IOException {
        Path folder = file.toAbsolutePath().getParent();
        if (folder != null) {
            Files.createDirectories(folder);
        }
        if (Files.exists(file) && Files.size(file) > LARGEST) {
            Files.move(file, file.resolveSibling(file.getFileName() + ".1"), StandardCopyOption.REPLACE_EXISTING);
        }
    }

    /** Its last lines; none when it can't be read. */
    public List<String> tail() {
        try (SeekableByteChannel channel = Files.newByteChannel(file)) {
            long from = Math.max(0, channel.size() - TAIL_BYTES);
            ByteBuffer buffer = ByteBuffer.allocate(TAIL_BYTES);
            channel.position(from);
            while (buffer.hasRemaining() && channel.read(buffer) >= 0) {
                // until the end or the buffer is full
            }
            List<String> lines = new String(buffer.array(), 0, buffer.position(), StandardCharsets.UTF_8)
                    .lines()
                    .toList();
            // The first one may be cut.
            List<String> whole = from > 0 && lines.size() > 1 ? lines.subList(1, lines.size()) : lines;
            return List.copyOf(whole.subList(Math.max(0, whole.size() - TAIL_LINES), whole.size()));
        } catch (IOException e) {
            return List.of();
        }
    }
}
