package dev.muster.worker.spare;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** The class path of this process as it was at some time. Immutable. */
record Jars(List<Jar> jars) {

    /** A file that is gone, or can't be looked at, has size and time -1. */
    private record Jar(Path path, long size, long modified) {
        static Jar look(Path path) {
            try {
                return new Jar(
                        path, Files.size(path), Files.getLastModifiedTime(path).toMillis());
            } catch (IOException e) {
                return new Jar(path, -1, -1);
            }
        }
    }

    static Jars ofThisProcess() {
        return new Jars(Stream.of(System.getProperty("java.class.path").split(File.pathSeparator, -1))
                .map(Path::of)
                .map(Jar::look)
                .toList());
    }

    /** True if one of them is another file now, or gone. */
    boolean areReplaced() {
        return jars.stream().anyMatch(jar -> !jar.equals(Jar.look(jar.path())));
    }
}
