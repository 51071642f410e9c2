package dev.muster.embedded;

import java.nio.file.Path;
import java.util.List;

/** The start of a child JVM's command line: the same java and the same class path as this JVM. */
public final class ChildJvm {
    /** The logback configuration of child JVMs, on the class path: warnings, to standard output. */
    public static final String LOGGING = "dev/muster/embedded/child-logback.xml";

    private ChildJvm() {}

    /**
     * The java binary, the class path, what JDK 25 would otherwise warn about, and class archives left at the address
     * that they were written for; options and a main class follow. Moved to a random address, as the JVM does it unless
     * told, each page of an archive is written at each start, a quarter of all that a worker's start touches.
     */
    public static List<String> java() {
        return List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("java.class.path"),
                "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow",
                "-XX:+UnlockDiagnosticVMOptions",
                "-XX:ArchiveRelocationMode=0");
    }
}
