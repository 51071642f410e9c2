package dev.muster.guard;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * A source file, taken apart so that a rule about code is not confused by a comment or a string.
 *
 * @param path from the repository's root, with slashes
 * @param code the text with comments and the insides of literals blanked; every character stands where it stood
 * @param strings the string literals and text blocks
 * @param comments with their marks
 */
record JavaSource(String path, String text, String code, List<Piece> strings, List<Piece> comments) {

    /** A part of a file: where it begins and what it says. */
    record Piece(int offset, String text) {}

    static JavaSource of(String path, String text) {
        return new Scan(path, text).run();
    }

    /** All sources of all modules, production and test. */
    static List<JavaSource> all() {
        Path root = root();
        try (Stream<Path> modules = Files.list(root)) {
            List<JavaSource> sources = new ArrayList<>();
            for (Path module :
                    modules.filter(m -> Files.exists(m.resolve("pom.xml"))).toList()) {
                sources.addAll(in(root, module.resolve("src")));
            }
            return sources;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The repository's root: where the wrapper script is. */
    static Path root() {
        Path folder = Path.of("").toAbsolutePath();
        while (!Files.exists(folder.resolve("mvnw"))) {
            Path parent = folder.getParent();
            if (parent == null) {
                throw new IllegalStateException(
                        "no mvnw in or above " + Path.of("").toAbsolutePath());
            }
            folder = parent;
        }
        return folder;
    }

    boolean isMain() {
        return path.contains("/src/main/");
    }

    String fileName() {
        return path.substring(path.lastIndexOf('/') + 1);
    }

    /** Which line a character stands in, from 1. */
    int line(int offset) {
        return 1
                + (int) text.substring(0, offset).chars().filter(c -> c == '\n').count();
    }

    int lines() {
        return (int) text.lines().count();
    }

    private static List<JavaSource> in(Path root, Path folder) throws IOException {
        if (!Files.isDirectory(folder)) {
            return List.of();
        }
        List<JavaSource> sources = new ArrayList<>();
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.filter(f -> f.toString().endsWith(".java")).toList()) {
                sources.add(of(root.relativize(file).toString().replace('\\', '/'), Files.readString(file)));
            }
        }
        return sources;
    }

    /** One pass over a file. */
    private static final class Scan {
        private final String path;
        private final String text;
        private final StringBuilder code;
        private final List<Piece> strings = new ArrayList<>();
        private final List<Piece> comments = new ArrayList<>();
        private int at;

        Scan(String path, String text) {
            this.path = path;
            this.text = text;
            this.code = new StringBuilder(text);
        }

        JavaSource run() {
            while (at < text.length()) {
                if (text.startsWith("//", at)) {
                    comments.add(take(at, lineEnd(at)));
                } else if (text.startsWith("/*", at)) {
                    comments.add(take(at, after("*/", at + 2)));
                } else if (text.startsWith("\"\"\"", at)) {
                    strings.add(inside(take(at, closing("\"\"\"", at + 3)), 3));
                } else if (text.charAt(at) == '"') {
                    strings.add(inside(take(at, closing("\"", at + 1)), 1));
                } else if (text.charAt(at) == '\'') {
                    take(at, closing("'", at + 1));
                } else {
                    at++;
                }
            }
            return new JavaSource(path, text, code.toString(), List.copyOf(strings), List.copyOf(comments));
        }

        private Piece take(int from, int to) {
            for (int i = from; i < to; i++) {
                if (text.charAt(i) != '\n') {
                    code.setCharAt(i, ' ');
                }
            }
            at = to;
            return new Piece(from, text.substring(from, to));
        }

        private static Piece inside(Piece literal, int quotes) {
            String quoted = literal.text();
            return new Piece(literal.offset(), quoted.substring(quotes, quoted.length() - quotes));
        }

        private int lineEnd(int from) {
            int end = text.indexOf('\n', from);
            return end < 0 ? text.length() : end;
        }

        private int after(String mark, int from) {
            int end = text.indexOf(mark, from);
            return end < 0 ? text.length() : end + mark.length();
        }

        private int closing(String mark, int from) {
            int i = from;
            while (i < text.length() && !text.startsWith(mark, i)) {
                i += text.charAt(i) == '\\' ? 2 : 1;
            }
            return Math.min(text.length(), i + mark.length());
        }
    }
}
