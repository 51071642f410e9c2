package dev.muster.local.submit;

import java.io.BufferedReader;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Consumer;
import java.util.function.Function;

/**
 * Reads lines and makes something of each on all processors, in blocks, and hands that over in the lines' order on the
 * calling thread. Few blocks are under way at once, so memory stays bounded whatever the file's length. A block goes as it
 * is when the next line is not there yet: who types jobs by hand does not wait for a thousand of them.
 */
final class ParsedLines {
    private static final int BLOCK = 500;

    private ParsedLines() {}

    /**
     * What has become of a line.
     *
     * @param number from 1
     */
    record Line<T>(long number, T value) {}

    /**
     * Reads to the end.
     *
     * @throws IOException if the lines can't be read to their end
     */
    static <T> void read(BufferedReader lines, Function<String, T> parse, Consumer<Line<T>> to) throws IOException {
        int workers = Runtime.getRuntime().availableProcessors();
        Deque<Future<List<Line<T>>>> underway = new ArrayDeque<>();
        try (ExecutorService parsers = Executors.newFixedThreadPool(workers)) {
            long number = 0;
            boolean more = true;
            while (more) {
                List<Line<String>> block = new ArrayList<>(BLOCK);
                do {
                    String line = lines.readLine();
                    more = line != null;
                    if (line != null) {
                        number++;
                        if (!line.isBlank()) {
                            block.add(new Line<>(number, line));
                        }
                    }
                } while (more && block.size() < BLOCK && lines.ready());
                underway.add(parsers.submit(() -> block.stream()
                        .map(line -> new Line<>(line.number(), parse.apply(line.value())))
                        .toList()));
                // The last ones are not waited for while there are lines to read, unless these come one by one.
                while (!underway.isEmpty() && (underway.size() > 2 * workers || !more || !lines.ready())) {
                    result(underway.remove()).forEach(to);
                }
            }
        }
    }

    private static <T> List<Line<T>> result(Future<List<Line<T>>> block) {
        try {
            return block.get();
        } catch (ExecutionException e) {
            throw new IllegalStateException("a line could not be parsed", e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while reading jobs", e);
        }
    }
}
