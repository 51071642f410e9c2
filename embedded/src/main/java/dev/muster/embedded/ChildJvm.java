package dev.muster.embedded;

import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The start of a child JVM's command line: the same java and the same class path as this JVM. */
public final class ChildJvm {
    /** The logback configuration of child JVMs, on the class path: warnings, to standard output. */
    public static final String LOGGING = "dev/muster/embedded/child-logback.xml";

    private static final Optional<String> ARCHIVES = Optional.ofNullable(System.getProperty("muster.archives"));

    /** Only Linux has the option; where the system gives large pages to nobody, the JVM would say so on standard output. */
    private static final List<String> LARGE_PAGES =
            System.getProperty("os.name").equals("Linux")
                    ? List.of("-XX:+UseTransparentHugePages", "-Xlog:pagesize=off")
                    : List.of();

    private ChildJvm() {}

    /**
     * The same for the only one of its kind on a machine, which starts again and again: where {@code -Dmuster.archives}
     * names a folder, the first that ends in good order leaves an archive of its classes there, and from then on they
     * start from that. A broker then needs
     * 2.8 s of processor time instead of 4.5. An archive that does not fit is written anew. Archives take no classes from
     * folders, so the class path is its jars alone then. Not for workers: several that end would write one file, and each
     * that crashes would take the seconds of writing to do so.
     *
     * @param kind names the archive
     */
    public static List<String> java(String kind) {
        if (ARCHIVES.isEmpty()) {
            return java();
        }
        Path archive = Path.of(ARCHIVES.get(), kind + ".jsa");
        archive.toFile().getAbsoluteFile().getParentFile().mkdirs(); // where that fails, the JVM starts without
        List<String> command = new ArrayList<>(java());
        int classPath = command.indexOf("-cp") + 1;
        command.set(classPath, jars(command.get(classPath)));
        command.addAll(List.of(
                "-XX:+AutoCreateSharedArchive",
                "-XX:SharedArchiveFile=" + archive,
                "-Xlog:cds=off",
                "-Xlog:cds+dynamic=off"));
        return command;
    }

    private static String jars(String classPath) {
        return Stream.of(classPath.split(File.pathSeparator, -1))
                .filter(entry -> Files.isRegularFile(Path.of(entry)))
                .collect(Collectors.joining(File.pathSeparator));
    }

    /**
     * The java binary, the class path, what JDK 25 would otherwise warn about, and class archives left at the address
     * that they were written for; options and a main class follow. Moved to a random address, as the JVM does it unless
     * told, each page of an archive is written at each start, a quarter of all that a worker's start touches. Heap and
     * code come in large pages where the system gives them to who asks: 11,600 page faults in a worker's start, not 20,000.
     */
    public static List<String> java() {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("java.class.path"),
                "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow",
                "-XX:+UnlockDiagnosticVMOptions",
                "-XX:ArchiveRelocationMode=0"));
        command.addAll(LARGE_PAGES);
        return List.copyOf(command);
    }
}
