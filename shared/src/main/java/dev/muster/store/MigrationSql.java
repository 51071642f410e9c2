package dev.muster.store;

/** The statements of {@link Migrations}. */
final class MigrationSql {
    private MigrationSql() {}

    /** Flyway's own table: a row for each file that it has applied, and one without a checksum for the schema that it made. */
    static final String APPLIED = """
            SELECT script, CASE WHEN success THEN checksum ELSE 0 END AS checksum
            FROM flyway_schema_history WHERE checksum IS NOT NULL
            """;
}
