package dev.muster.bench.trial;

import dev.muster.embedded.ChildJvm;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** A JVM that a trial has started: the bench's own class path, its output in a file. Confined to one thread. */
final class Child implements AutoCloseable {
    /** The same for all contestants. */
    private static final List<String> OPTIONS = List.of("-Xmx2g", "-XX:+UseParallelGC", "-XX:+ExitOnOutOfMemoryError");

    private static final int PATIENCE_SECONDS = 40;

    private final Process process;
    private final Path log;

    private Child(Process process, Path log) {
        this.process = process;
        this.log = log;
    }

    static Child start(Path log, Map<String, String> environment, String mainClass, String... arguments)
            throws IOException {
        List<String> command = new ArrayList<>(ChildJvm.java());
        command.addAll(OPTIONS);
        String further = System.getProperty("muster.bench.child-options", "");
        if (!further.isBlank()) {
            command.addAll(List.of(further.strip().split("\\s+")));
        }
        command.add(mainClass);
        command.addAll(List.of(arguments));
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()));
        builder.environment().putAll(environment);
        return new Child(builder.start(), log);
    }

    long pid() {
        return process.pid();
    }

    /** Throws if it has ended with an error. */
    boolean isAlive() {
        if (!process.isAlive() && process.exitValue() != 0) {
            throw new IllegalStateException(
                    "a process that is measured has ended with code " + process.exitValue() + "; its log: " + log);
        }
        return process.isAlive();
    }

    /** Asks it to end and waits; kills it if that takes too long. */
    @Override
    public void close() {
        process.destroy();
        try {
            if (!process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }
}
