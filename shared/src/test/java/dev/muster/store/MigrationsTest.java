package dev.muster.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * A migration that somebody has applied is never edited: Flyway would refuse their database. The list has each file's
 * SHA-256. From release 0.1.0 on lines are only added to it; until then the whole list may be made anew.
 */
class MigrationsTest {
    private static final Path FOLDER = Path.of("src/main/resources/db/migration");
    private static final String REFRESH = "(cd shared/src/main/resources/db/migration && sha256sum *.sql)"
            + " > shared/src/main/resources/db/migrations.sha256";

    @Test
    void migrations_are_those_of_the_list() throws IOException {
        assertThat(sums())
                .as(
                        "A migration was added or changed. From 0.1.0 on files are frozen: mend a released one by a new one."
                                + " List a new one with%n%s",
                        REFRESH)
                .isEqualTo(listed());
    }

    @Test
    void migrations_are_numbered_and_named_by_what_they_do() throws IOException {
        assertThat(files())
                .isNotEmpty()
                .allMatch(file -> file.getFileName().toString().matches("V[0-9]{3}__[a-z]+(_[a-z]+)+\\.sql"));
        assertThat(files().stream().map(file -> file.getFileName().toString().substring(0, 4)))
                .doesNotHaveDuplicates();
    }

    private static List<String> listed() throws IOException {
        try (InputStream list = MigrationsTest.class.getResourceAsStream("/db/migrations.sha256")) {
            assertThat(list).isNotNull();
            return new String(list.readAllBytes(), StandardCharsets.UTF_8)
                    .lines()
                    .toList();
        }
    }

    private static List<String> sums() throws IOException {
        return files().stream().map(MigrationsTest::sum).toList();
    }

    private static List<Path> files() throws IOException {
        try (Stream<Path> files = Files.list(FOLDER)) {
            return files.sorted().toList();
        }
    }

    private static String sum(Path file) {
        try {
            byte[] hash = MessageDigest.getInstance("SHA-256").digest(Files.readAllBytes(file));
            return HexFormat.of().formatHex(hash) + "  " + file.getFileName();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }
}
