package dev.muster.store;

import dev.muster.config.Setting;
import dev.muster.config.Settings;
import org.flywaydb.core.Flyway;
import org.flywaydb.core.api.output.MigrateResult;

/** Brings the schema up to date. Safe to run by several processes at once: Flyway locks. */
public final class Migrations {
    /** The schema that all of Muster lives in. */
    public static final String SCHEMA = "muster";

    private Migrations() {}

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
