package dev.muster.local.crash;

import dev.muster.job.JobHandler;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;

/** The jar that makes workers run {@link CrashHandler}: it only names it, so no jar of a release can do that by itself. */
public final class CrashJar {
    private CrashJar() {}

    /**
     * Writes it into a folder of handlers, which is made if it is missing.
     *
     * @throws UncheckedIOException if it can't be written
     */
    public static Path write(Path folder) {
        try {
            Path jar = Files.createDirectories(folder).resolve("crash.jar");
            try (JarOutputStream out = new JarOutputStream(Files.newOutputStream(jar))) {
                out.putNextEntry(new JarEntry("META-INF/services/" + JobHandler.class.getName()));
                out.write(CrashHandler.class.getName().getBytes(StandardCharsets.UTF_8));
                out.closeEntry();
            }
            return jar;
        } catch (IOException e) {
            throw new UncheckedIOException("can't write the jar of the crash handler to " + folder, e);
        }
    }
}
