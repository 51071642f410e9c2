package dev.muster.coordinator.process;

import dev.muster.fleet.ExitCode;
import dev.muster.fleet.Incarnation;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SeekableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * What a worker writes as the last thing it does: the name of its exit code, and why it ended. One that is killed writes
 * none.
 *
 * @param code empty if the first line is no name of an {@link ExitCode}
 */
record ExitFile(OptionalInt code, String reason) {
    private static final int LONGEST = 4 * 1024;

    /** Reads and deletes it; the life is over, so nobody will ask again. */
    static Optional<ExitFile> take(Path folder, Incarnation incarnation) {
        Path file = folder.resolve(incarnation + ".exit");
        try (SeekableByteChannel channel = Files.newByteChannel(file)) {
            ByteBuffer buffer = ByteBuffer.allocate(LONGEST);
            while (buffer.hasRemaining() && channel.read(buffer) >= 0) {
                // until the end or the buffer is full
            }
            Files.deleteIfExists(file);
            return Optional.of(parse(new String(buffer.array(), 0, buffer.position(), StandardCharsets.UTF_8)));
        } catch (IOException e) {
            return Optional.empty(); // most often there is none
        }
    }

    static ExitFile parse(String text) {
        int end = text.indexOf('\n');
        String name = end < 0 ? text : text.substring(0, end);
        return new ExitFile(
                Arrays.stream(ExitCode.values())
                        .filter(code -> code.name().equals(name.strip()))
                        .mapToInt(ExitCode::code)
                        .findFirst(),
                end < 0 ? name.strip() : text.substring(end).strip());
    }
}
