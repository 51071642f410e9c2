package dev.muster.embedded.junit;

import dev.muster.embedded.ChildJvm;
import dev.muster.embedded.FileTree;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;
import java.util.zip.Deflater;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/**
 * The start of a child JVM's command line for tests that start many of one kind: as {@link ChildJvm}, and with a class
 * archive that one of them has written. Loading and verifying its classes is most of what a worker's start costs, and most of
 * what a suite of process tests would spend its time on. Archives take no classes from folders, so folders of the class
 * path are packed into jars first.
 *
 * <p>Thread-safety: thread-safe; who comes while the archive is written waits for it.
 */
public final class ArchivedJvm {
    private List<String> command = List.of();

    /**
     * The java binary, the class path, options; more options and a main class follow.
     *
     * @param training asked for once, with such a start of a command line: it runs one process to its end in good order, at
     *     which the process writes the archive
     */
    public synchronized List<String> java(Consumer<List<String>> training) {
        if (command.isEmpty()) {
            Path folder = newFolder();
            List<String> plain = withJars(ChildJvm.java(), folder);
            Path archive = folder.resolve("classes.jsa");
            training.accept(with(plain, "-XX:ArchiveClassesAtExit=" + archive));
            if (!Files.exists(archive)) {
                throw new IllegalStateException("The training run has ended without " + archive);
            }
            command = with(plain, "-XX:SharedArchiveFile=" + archive);
        }
        return command;
    }

    private static List<String> with(List<String> command, String option) {
        return Stream.concat(command.stream(), Stream.of(option, "-Xlog:cds=off", "-Xlog:cds+dynamic=off"))
                .toList();
    }

    /** Gone with this JVM. */
    private static Path newFolder() {
        try {
            Path target = Path.of("target");
            Path folder = Files.isDirectory(target)
                    ? Files.createTempDirectory(target.toAbsolutePath(), "archived-")
                    : Files.createTempDirectory("muster-archived-");
            Runtime.getRuntime().addShutdownHook(Thread.ofPlatform().unstarted(() -> delete(folder)));
            return folder;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void delete(Path folder) {
        try {
            FileTree.delete(folder);
        } catch (IOException e) {
            System.err.println(folder + " is left: " + e); // a hook has no logger any more
        }
    }

    private static List<String> withJars(List<String> java, Path folder) {
        List<String> command = new ArrayList<>(java);
        int classPath = command.indexOf("-cp") + 1;
        List<String> entries = new ArrayList<>();
        for (String entry : command.get(classPath).split(File.pathSeparator, -1)) {
            Path path = Path.of(entry);
            if (Files.isDirectory(path)) {
                entries.add(pack(path, folder.resolve(entries.size() + ".jar")).toString());
            } else if (Files.exists(path)) {
                entries.add(entry);
            }
        }
        command.set(classPath, String.join(File.pathSeparator, entries));
        return command;
    }

    private static Path pack(Path from, Path jar) {
        try (ZipOutputStream out = new ZipOutputStream(Files.newOutputStream(jar));
                Stream<Path> all = Files.walk(from)) {
            out.setLevel(Deflater.NO_COMPRESSION);
            for (Path file : (Iterable<Path>) all.filter(Files::isRegularFile)::iterator) {
                out.putNextEntry(new ZipEntry(from.relativize(file).toString()));
                Files.copy(file, out);
                out.closeEntry();
            }
            return jar;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
