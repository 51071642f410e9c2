package dev.muster.local.drill;

import dev.muster.local.CommandException;
import dev.muster.time.Ticker;
import dev.muster.worker.FaultPoint;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Optional;

/**
 * Inside of a worker: breaks its heartbeat's thread, each time that it is started, from the moment at which a file tells it
 * to. Thread-safe.
 */
public final class BreaksOnPurpose implements FaultPoint.Listener {
    private final Path order;
    private final Path broken;
    private final Ticker ticker;

    /**
     * For a worker.
     *
     * @param folder its run folder
     */
    public BreaksOnPurpose(Path folder, String incarnation, Ticker ticker) {
        this.order = order(folder, incarnation);
        this.broken = broken(folder, incarnation);
        this.ticker = ticker;
    }

    @Override
    public void reached(FaultPoint point) {
        if (point == FaultPoint.HEARTBEAT && Files.exists(order)) {
            write(broken, ticker.now().toString());
            throw new IllegalStateException("broken on purpose");
        }
    }

    /** From outside: the worker of that folder and life is to break. */
    static void tell(Path folder, String incarnation) {
        write(order(folder, incarnation), "");
    }

    /** When it broke last. */
    static Optional<Instant> lastBreak(Path folder, String incarnation) {
        Path file = broken(folder, incarnation);
        try {
            return Files.exists(file) ? Optional.of(Instant.parse(Files.readString(file))) : Optional.empty();
        } catch (IOException e) {
            throw CommandException.failed("can't read " + file + ": " + e.getMessage());
        }
    }

    private static Path order(Path folder, String incarnation) {
        return folder.resolve(incarnation + ".break");
    }

    private static Path broken(Path folder, String incarnation) {
        return folder.resolve(incarnation + ".broken");
    }

    private static void write(Path file, String text) {
        try {
            Files.writeString(file, text);
        } catch (IOException e) {
            throw CommandException.failed("can't write " + file + ": " + e.getMessage());
        }
    }
}
