package dev.muster.embedded;

import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;

/**
 * A real server that runs as a child process of this JVM, on 127.0.0.1, with its data in a folder that outlives it. All
 * servers share this shape so that a chaos drill treats them alike. The child dies with this JVM (on Linux, also when
 * the JVM is killed); stopping it in good order at JVM end is the caller's work.
 *
 * <p>Thread-safety: thread-safe; start, stop and kill exclude one another.
 */
public interface EmbeddedServer extends AutoCloseable {

    /**
     * Starts the server and returns when it answers; does nothing when it runs already. After a crash or a kill it
     * recovers the same data on the same port.
     *
     * @throws EmbeddedServerException when it does not come up (the end of its log is in the message), or when another
     *     process uses its data folder
     */
    void start();

    /** Ends the server in good order, by force when it takes too long. Does nothing when it is not running. */
    void stop();

    /** Asks the server to end in good order, and does not wait. Its claim on the data folder stays for the restart. */
    void askToStop();

    /** Kills a server that is still starting, so that its start fails at once; does nothing to one that answers. */
    void abortStart();

    /** Kills the server as {@code kill -9} does and returns when it is gone. {@link #start()} brings it back. */
    void killHard();

    /**
     * Sends a signal to the server's process.
     *
     * @param name without the SIG prefix: {@code STOP} freezes it, {@code CONT} thaws it
     */
    void signal(String name);

    /** Whether the child process lives; says nothing of its health. */
    boolean running();

    /**
     * The process id of the running child.
     *
     * @throws IllegalStateException when it was never started
     */
    long pid();

    /**
     * Completes when the current child process ends, for whatever reason; a restart has a future of its own.
     *
     * @throws IllegalStateException when it was never started
     */
    CompletableFuture<ChildProcess.Exit> onExit();

    /** Where the child's standard output and error go; the file of the run before is kept as {@code .previous}. */
    Path logFile();

    /** The same as {@link #stop()}. */
    @Override
    default void close() {
        stop();
    }
}
