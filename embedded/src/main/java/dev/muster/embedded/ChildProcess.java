package dev.muster.embedded;

import dev.muster.embedded.EmbeddedServerException.ErrorCode;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

/**
 * A child process whose output goes to a file, so that it never blocks on a full pipe and its last words survive it. It
 * has a session of its own where {@code setsid} exists, so that Ctrl-C in the parent's terminal does not reach it, and
 * it dies with this JVM where {@code setpriv} exists. Registers no shutdown hook: that belongs to the caller.
 *
 * <p>Thread-safety: thread-safe.
 */
public final class ChildProcess {
    private static final int LAST_LINES = 20;
    private static final Duration KILL_LIMIT = Duration.ofSeconds(10);

    /**
     * Starts all children and lives as long as the JVM: Linux sends the parent-death signal when the <em>thread</em>
     * that forked the child ends, so a pool's or a test's thread would take its children along.
     */
    private static final ExecutorService SPAWNER = Executors.newSingleThreadExecutor(
            Thread.ofPlatform().daemon().name("child-spawner").factory());

    private final Process process;
    private final Path output;
    private final CompletableFuture<Exit> exit;

    private ChildProcess(Process process, Path output) {
        this.process = process;
        this.output = output;
        this.exit = process.onExit().thenApply(ended -> new Exit(ended.exitValue(), lastLines()));
    }

    /**
     * Starts a child.
     *
     * @throws EmbeddedServerException when the program cannot be run
     */
    public static ChildProcess start(Spec spec) {
        try {
            keepPrevious(spec.output());
            ProcessBuilder builder = new ProcessBuilder(LinuxLauncher.wrap(spec))
                    .redirectErrorStream(true)
                    .redirectInput(new File("/dev/null"))
                    .redirectOutput(spec.output().toFile());
            builder.environment().putAll(spec.environment());
            return new ChildProcess(SPAWNER.submit(builder::start).get(), spec.output());
        } catch (IOException | ExecutionException e) {
            throw EmbeddedServerException.io("starting " + spec.command().getFirst(), e);
        } catch (InterruptedException e) {
            throw EmbeddedServerException.interrupted(
                    "starting " + spec.command().getFirst(), e);
        }
    }

    public long pid() {
        return process.pid();
    }

    public boolean alive() {
        return process.isAlive();
    }

    /** The child as the JDK sees it, for its start instant and its descendants. */
    public ProcessHandle handle() {
        return process.toHandle();
    }

    /** Completes when the child has ended. */
    public CompletableFuture<Exit> onExit() {
        return exit;
    }

    /** The last lines of its output so far, at most 20. */
    public List<String> lastLines() {
        return LogTail.read(output, LAST_LINES);
    }

    /**
     * Waits for the child to end.
     *
     * @return whether it ended within the limit
     */
    public boolean awaitExit(Duration limit) {
        try {
            return process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            throw EmbeddedServerException.interrupted("waiting for process " + pid() + " to end", e);
        }
    }

    /** Asks the child to end (SIGTERM), kills it when it has not within {@code grace}, and returns when it is gone. */
    public void stop(Duration grace) {
        stop("TERM", grace);
    }

    /** As {@link #stop(Duration)}, with the signal by which this program ends in good order. */
    public void stop(String signal, Duration grace) {
        if (!alive()) {
            return;
        }
        signal(signal);
        // A frozen process cannot act on the signal; thawing a running one does nothing.
        signal("CONT");
        if (!awaitExit(grace)) {
            killHard();
        }
    }

    /** Kills the child (SIGKILL) and returns when it is gone. */
    public void killHard() {
        process.destroyForcibly();
        if (!awaitExit(KILL_LIMIT)) {
            throw new EmbeddedServerException(
                    ErrorCode.IO_FAILED,
                    "Process " + pid() + " was killed and still lives after " + KILL_LIMIT
                            + "; it hangs in the kernel, look at its disk");
        }
    }

    /** Sends a signal by its name without SIG; a child that has just ended is no error. */
    public void signal(String name) {
        Signals.send(process.toHandle(), name);
    }

    private static void keepPrevious(Path output) throws IOException {
        Files.createDirectories(output.toAbsolutePath().getParent());
        if (Files.exists(output)) {
            Files.move(
                    output,
                    output.resolveSibling(output.getFileName() + ".previous"),
                    StandardCopyOption.REPLACE_EXISTING);
        }
    }

    /**
     * How a child ended.
     *
     * @param code its exit code; 128 + n when signal n ended it
     * @param lastLines the end of its output, oldest first
     */
    public record Exit(int code, List<String> lastLines) {
        public Exit {
            lastLines = List.copyOf(lastLines);
        }
    }

    /**
     * What to run.
     *
     * @param command the program and its arguments
     * @param environment added to this JVM's environment
     * @param output the file for standard output and error
     * @param account whom to run it as
     * @param onParentDeath the signal the child gets when this JVM dies, without SIG
     */
    public record Spec(
            List<String> command,
            Map<String, String> environment,
            Path output,
            ProcessAccount account,
            String onParentDeath) {
        public Spec {
            command = List.copyOf(command);
            environment = Map.copyOf(environment);
        }

        /** A program run as whoever runs this JVM, killed with it. */
        public static Spec of(List<String> command, Path output) {
            return new Spec(command, Map.of(), output, new ProcessAccount.Same(), "KILL");
        }
    }
}
