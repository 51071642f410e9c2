package dev.muster.bench.trial;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * When the jobs of a run were done.
 *
 * @param begun when the first was taken up, in ms since the epoch
 * @param done how many were durably done in which ms
 */
public record Timeline(long begun, NavigableMap<Long, Long> done) {

    public Timeline {
        done = new TreeMap<>(done);
    }

    /** The same of jobs that could not begin before a moment. */
    public Timeline dueAt(Instant moment) {
        return new Timeline(Math.max(begun, moment.toEpochMilli()), done);
    }

    public long jobs() {
        return done.values().stream().mapToLong(Long::longValue).sum();
    }

    public long ended() {
        return done.isEmpty() ? begun : done.lastKey();
    }

    /** How many were done after a moment. */
    public long jobsAfter(long millis) {
        return done.tailMap(millis, false).values().stream()
                .mapToLong(Long::longValue)
                .sum();
    }

    /** From the first job's begin to the last one's end, in s. */
    public double seconds() {
        return (ended() - begun) / 1e3;
    }

    /** For the process that started this one. */
    public void write(Path file) throws IOException {
        Path fresh = file.resolveSibling(file.getFileName() + ".new");
        Files.write(
                fresh,
                Stream.concat(
                                Stream.of(Long.toString(begun)),
                                done.entrySet().stream().map(entry -> entry.getKey() + " " + entry.getValue()))
                        .toList());
        Files.move(fresh, file);
    }

    static Timeline read(Path file) throws IOException {
        List<String> lines = Files.readAllLines(file);
        TreeMap<Long, Long> done = new TreeMap<>();
        for (String line : lines.subList(1, lines.size())) {
            String[] words = line.split(" ", 2);
            done.put(Long.parseLong(words[0]), Long.parseLong(words[1]));
        }
        return new Timeline(Long.parseLong(lines.getFirst()), done);
    }
}
