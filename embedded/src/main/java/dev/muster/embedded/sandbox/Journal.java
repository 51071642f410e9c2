package dev.muster.embedded.sandbox;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.function.Consumer;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.ObjectReader;

/**
 * The sandbox's memory: one JSON line per change, appended by one write before the request is answered. Not flushed to
 * the disk each time: it outlives the kill of the process, which is what drills do, not a power cut. Grows without
 * bound, about 2 KB a payment; remove the folder to start anew.
 *
 * <p>Thread-safety: guarded by its {@link Ledger}.
 */
final class Journal implements AutoCloseable {
    private static final ObjectReader READER = StripeJson.MAPPER.readerFor(Entry.class);

    private final FileChannel file;

    private Journal(FileChannel file) {
        this.file = file;
    }

    /**
     * Opens a journal, handing over what it holds, oldest first. A last line that a crash cut off is dropped: nobody got
     * its answer.
     */
    static Journal open(Path path, Consumer<Entry> replay) throws IOException {
        FileChannel file =
                FileChannel.open(path, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
        long whole = replay(Channels.newInputStream(file), replay);
        file.truncate(whole);
        file.position(whole);
        return new Journal(file);
    }

    void append(Entry entry) {
        ByteBuffer line = ByteBuffer.wrap((StripeJson.write(entry) + "\n").getBytes(StandardCharsets.UTF_8));
        try {
            while (line.hasRemaining()) {
                file.write(line);
            }
        } catch (IOException e) {
            throw new UncheckedIOException("The sandbox cannot write its journal; the request is not answered", e);
        }
    }

    @Override
    public void close() throws IOException {
        file.close();
    }

    // The stream is not closed: that would close the channel, which goes on to be written.
    @SuppressWarnings("resource")
    private static long replay(InputStream in, Consumer<Entry> replay) throws IOException {
        byte[] chunk = new byte[1 << 16];
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        long whole = 0;
        for (int length = in.read(chunk); length >= 0; length = in.read(chunk)) {
            int start = 0;
            for (int i = 0; i < length; i++) {
                if (chunk[i] == '\n') {
                    line.write(chunk, start, i - start);
                    replay.accept(parse(line.toByteArray(), whole));
                    whole += line.size() + 1;
                    line.reset();
                    start = i + 1;
                }
            }
            line.write(chunk, start, length - start);
        }
        return whole;
    }

    private static Entry parse(byte[] line, long offset) throws IOException {
        try {
            return READER.readValue(line);
        } catch (JacksonException e) {
            throw new IOException("The sandbox's journal is damaged at byte " + offset + "; restore or remove it", e);
        }
    }
}
