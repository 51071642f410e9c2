package dev.muster.store;

import dev.muster.config.Setting;
import dev.muster.config.Settings;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.zip.CRC32;
import org.flywaydb.core.Flyway;
import org.flywaydb.core.api.output.MigrateResult;

/** Brings the schema up to date. Safe to run by several processes at once: Flyway locks. */
public final class Migrations {
    /** The schema that all of Muster lives in. */
    public static final String SCHEMA = "muster";

    private static final String FOLDER = "/db/migration/";
    /** As sha256sum writes it: a hash, two spaces, the name of a file. */
    private static final String LIST = "/db/migrations.sha256";

    private Migrations() {}

    /**
     * True if all of them are applied, and no others. To find that out by Flyway takes a fifth of a coordinator's start, which
     * may be part of a recovery. False also when it can't be found out; then {@link #migrate} says why.
     */
    public static boolean areApplied(Database database) {
        try {
            List<Map.Entry<String, Integer>> applied = new Db(database)
                    .query(
                            "read the applied migrations",
                            MigrationSql.APPLIED,
                            _ -> {},
                            row -> Map.entry(row.getString("script"), row.getInt("checksum")));
            return Set.copyOf(applied).equals(checksums().entrySet());
        } catch (StoreException | UncheckedIOException e) {
            return false;
        }
    }

    private static Map<String, Integer> checksums() {
        try {
            Map<String, Integer> checksums = new HashMap<>();
            for (String line : lines(LIST)) {
                String script = line.substring(line.lastIndexOf(' ') + 1);
                checksums.put(script, checksum(lines(FOLDER + script)));
            }
            return checksums;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Source: Flyway, {@code ChecksumCalculator}: the CRC-32 of the lines without their ends. */
    private static int checksum(List<String> lines) {
        CRC32 crc = new CRC32();
        lines.forEach(line -> crc.update(line.getBytes(StandardCharsets.UTF_8)));
        return (int) crc.getValue();
    }

    private static List<String> lines(String resource) throws IOException {
        try (InputStream stream = Migrations.class.getResourceAsStream(resource)) {
            if (stream == null) {
                throw new IOException("not on the class path: " + resource);
            }
            return new String(stream.readAllBytes(), StandardCharsets.UTF_8)
                    .lines()
                    .toList();
        }
    }

    /**
     * Applies what is missing.
     *
     * @return how many migrations ran
     * @throws org.flywaydb.core.api.FlywayException if the database can't be reached or its schema was changed by hand
     */
    public static int migrate(Settings settings) {
        MigrateResult result = Flyway.configure()
                .dataSource(
                        settings.string(Setting.POSTGRES_URL),
                        settings.string(Setting.POSTGRES_USER),
                        settings.string(Setting.POSTGRES_PASSWORD))
                .schemas(SCHEMA)
                .defaultSchema(SCHEMA)
                .createSchemas(true)
                .locations("classpath:db/migration")
                .load()
                .migrate();
        return result.migrationsExecuted;
    }
}
