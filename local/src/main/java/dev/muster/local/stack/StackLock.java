package dev.muster.local.stack;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.jspecify.annotations.Nullable;

/** One stack a folder: a file lock, which the operating system takes back when the process dies. */
final class StackLock implements AutoCloseable {
    private final FileChannel channel;

    private StackLock(FileChannel channel) {
        this.channel = channel;
    }

    /**
     * Takes the folder.
     *
     * @throws StackException while another process has it
     */
    static StackLock take(Path folder) {
        try {
            Files.createDirectories(folder);
            FileChannel channel = FileChannel.open(
                    folder.resolve("stack.lock"),
                    StandardOpenOption.CREATE,
                    StandardOpenOption.READ,
                    StandardOpenOption.WRITE);
            if (lock(channel) == null) {
                String holder = read(channel);
                channel.close();
                throw new StackException("a stack runs on " + folder + " already (process " + holder
                        + "); stop it first, or name another one with --folder");
            }
            channel.truncate(0);
            channel.write(
                    ByteBuffer.wrap(Long.toString(ProcessHandle.current().pid()).getBytes(StandardCharsets.US_ASCII)),
                    0);
            return new StackLock(channel);
        } catch (IOException e) {
            throw new StackException("can't use the folder " + folder + ": " + e.getMessage(), e);
        }
    }

    @Override
    public void close() {
        try {
            channel.close();
        } catch (IOException e) {
            throw new StackException("can't give the folder back: " + e.getMessage(), e);
        }
    }

    private static @Nullable FileLock lock(FileChannel channel) throws IOException {
        try {
            return channel.tryLock();
        } catch (OverlappingFileLockException _) {
            return null; // This JVM has it: taken all the same.
        }
    }

    private static String read(FileChannel channel) throws IOException {
        ByteBuffer pid = ByteBuffer.allocate(20);
        channel.read(pid, 0);
        return new String(pid.array(), 0, pid.position(), StandardCharsets.US_ASCII).strip();
    }
}
