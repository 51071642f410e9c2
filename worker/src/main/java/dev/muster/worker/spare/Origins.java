package dev.muster.worker.spare;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** What this process was made of: its class path, its configuration file, its secrets, as they were at some time. Immutable. */
record Origins(List<Origin> origins) {

    /** A file that is not there, or can't be looked at, has size and time -1. */
    private record Origin(Path path, long size, long modified) {
        static Origin look(Path path) {
            try {
                return new Origin(
                        path, Files.size(path), Files.getLastModifiedTime(path).toMillis());
            } catch (IOException e) {
                return new Origin(path, -1, -1);
            }
        }
    }

    /**
     * Of this process, by its environment.
     *
     * @param configuration the file that its settings were read from
     */
    static Origins of(Path configuration, Map<String, String> environment) {
        Stream<Path> classPath = Stream.of(System.getProperty("java.class.path").split(File.pathSeparator, -1))
                .map(Path::of);
        Stream<Path> secrets = environment.entrySet().stream()
                .filter(variable -> variable.getKey().startsWith("MUSTER_")
                        && variable.getKey().endsWith("_FILE"))
                .map(variable -> Path.of(variable.getValue()));
        return new Origins(Stream.of(classPath, secrets, Stream.of(configuration))
                .flatMap(paths -> paths)
                .map(Origin::look)
                .toList());
    }

    /** True if one of them is another file now, or gone. */
    boolean areReplaced() {
        return origins.stream().anyMatch(origin -> !origin.equals(Origin.look(origin.path())));
    }
}
