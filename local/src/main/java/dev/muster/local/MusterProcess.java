package dev.muster.local;

import dev.muster.embedded.ChildJvm;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * The command lines of Muster's own processes as children of this one: the same JVM, the same class path. Where the
 * launcher script names a folder for them ({@code -Dmuster.aot}), they start from an ahead-of-time cache: a worker needs
 * 1 s of processor time until it takes jobs, and 3.3 s without, which on a small machine is most of its time to recover.
 * A cache that does not fit is passed over by the JVM.
 */
public final class MusterProcess {
    private static final Optional<Path> CACHES =
            Optional.ofNullable(System.getProperty("muster.aot")).map(Path::of);

    /** Set in a training run: the children write the caches at their end instead of reading them. */
    private static final boolean TRAINING = Boolean.getBoolean("muster.aot.train");

    /**
     * For many short lives on one small machine. The quick compiler alone: measured on two cores, the optimizing one
     * took 0.7 s of processor time in the first six seconds of each life, more than the jobs that it sped up. A small
     * young generation is soon used again, where a large one would first touch 100 MB of new pages. And what a training
     * run has found worth compiling is not compiled anew before it is so again: a quarter of the compiler's time. A method is
     * compiled after three times as many calls as usual: measured, an eighth less for a start, no more for the jobs after it.
     */
    private static final List<String> SMALL = List.of(
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "-XX:CompileThresholdScaling=3",
            "-Xmx384m",
            "-Xmn16m",
            "-XX:-AOTRecordTraining",
            "-XX:-AOTReplayTraining",
            "-XX:+ExitOnOutOfMemoryError");

    private MusterProcess() {}

    /** The same for a server of the local stack: two fifths less processor time for the broker's first minute. */
    public static List<String> small(List<String> options) {
        return Stream.concat(options.stream(), Stream.of("-XX:TieredStopAtLevel=1"))
                .toList();
    }

    /**
     * A coordinator. Told to end, it leaves its workers running, for the next one to find.
     *
     * @param temporary where it puts temporary files, which nobody deletes after a kill
     */
    public static List<String> coordinator(Path temporary) {
        return command(temporary, "coordinator");
    }

    /** A worker, likewise. */
    public static List<String> worker(Path temporary) {
        return command(temporary, "worker");
    }

    /** A worker that breaks down when it is told to: for the drill. */
    public static List<String> breakableWorker(Path temporary) {
        return command(temporary, "worker", "--breaks-on-purpose");
    }

    /** True when a training run has left all that it was run for. */
    public static boolean areCachesWritten() {
        return CACHES.stream()
                .flatMap(folder -> Stream.of("coordinator", "worker").map(name -> folder.resolve(name + ".aot")))
                .allMatch(cache -> Files.exists(cache) && !Files.exists(Path.of(cache + ".config")));
    }

    private static List<String> command(Path temporary, String... words) {
        List<String> command = new ArrayList<>(ChildJvm.java());
        command.addAll(SMALL);
        command.add("-Djava.io.tmpdir=" + temporary);
        CACHES.map(folder -> folder.resolve(words[0] + ".aot")).ifPresent(cache -> {
            if (TRAINING) {
                command.add("-XX:AOTCacheOutput=" + cache);
            } else if (Files.exists(cache)) {
                command.add("-XX:AOTCache=" + cache);
            }
        });
        command.add(Main.class.getName());
        command.addAll(List.of(words));
        return command;
    }
}
