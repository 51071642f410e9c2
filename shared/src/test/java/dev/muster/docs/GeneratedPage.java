package dev.muster.docs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * A page below {@code docs/} that is written by code. The test that makes it fails when the page on disk says anything
 * else; {@code ./mvnw test -pl shared -am -Dtest='DocsTest,StateDiagramTest' -Dmuster.docs.write=true
 * -Dsurefire.failIfNoSpecifiedTests=false} writes the pages anew.
 */
final class GeneratedPage {
    private static final String REFRESH = "./mvnw test -pl shared -am -Dtest='DocsTest,StateDiagramTest'"
            + " -Dmuster.docs.write=true -Dsurefire.failIfNoSpecifiedTests=false";

    private GeneratedPage() {}

    /** Fails on drift, with the text that is expected; or writes it, when that is asked for. */
    static void verify(String name, String expected) {
        Path page = root().resolve("docs").resolve(name);
        try {
            if (Boolean.getBoolean("muster.docs.write")) {
                Files.createDirectories(page.getParent());
                Files.writeString(page, expected);
            }
            String actual = Files.exists(page) ? Files.readString(page) : "";
            assertThat(actual)
                    .as(
                            "docs/%s differs from the code. Write it anew with%n%s%nor by hand:%n%s",
                            name, REFRESH, expected)
                    .isEqualTo(expected);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A row of a table. */
    static String row(List<String> cells) {
        return "| "
                + String.join(
                        " | ", cells.stream().map(c -> c.replace("|", "\\|")).toList()) + " |\n";
    }

    static String row(String... cells) {
        return row(List.of(cells));
    }

    static String code(String text) {
        return text.isEmpty() ? "" : "`" + text + "`";
    }

    private static Path root() {
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
}
