package dev.muster.bench.trial;

import dev.muster.time.Ticker;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.TreeMap;

/** Counts what a contestant in a JVM of its own has durably done, and writes its {@link Timeline} down when that is all. Thread-safe. */
public final class Completions {
    private final long wanted;
    private final Path file;
    private final Ticker ticker = Ticker.system();
    private final TreeMap<Long, Long> times = new TreeMap<>();
    private long begun;
    private long done;

    public Completions(long wanted, Path file) {
        this.wanted = wanted;
        this.file = file;
    }

    /** The first jobs are there; said again, it means nothing. */
    public synchronized void begin() {
        if (begun == 0) {
            begun = ticker.now().toEpochMilli();
        }
    }

    /** So many more are done; said after the commit that makes it so has returned. */
    public synchronized void done(int jobs) {
        begin();
        times.merge(ticker.now().toEpochMilli(), (long) jobs, Long::sum);
        done += jobs;
        if (done == wanted) {
            try {
                new Timeline(begun, times).write(file);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }
}
