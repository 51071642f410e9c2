package dev.muster.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.muster.embedded.junit.EmbeddedServers;
import dev.muster.embedded.junit.PostgresDatabase;
import java.sql.Array;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Postgres reads what we write in its own form. */
@ExtendWith(EmbeddedServers.class)
final class BinaryArrayIT {
    @Test
    void ids_arrive_as_they_are(PostgresDatabase postgres) throws SQLException {
        UUID[] ids = {UUID.randomUUID(), null, new UUID(0, 0), new UUID(-1, -1)};

        assertThat(asText(
                        postgres,
                        "SELECT x::text FROM unnest(?::uuid[]) x",
                        statement -> Db.array(statement, "uuid", ids)))
                .containsExactly(
                        ids[0].toString(),
                        null,
                        "00000000-0000-0000-0000-000000000000",
                        "ffffffff-ffff-ffff-ffff-ffffffffffff");
    }

    @Test
    void times_arrive_to_the_microsecond(PostgresDatabase postgres) throws SQLException {
        OffsetDateTime[] times = {
            at("2026-11-29T22:21:16.123456789Z"),
            null,
            at("2000-01-01T00:00:00Z"),
            at("1969-12-31T23:59:59.999999999Z"),
            at("9999-12-31T23:59:59.999999Z"),
            OffsetDateTime.parse("2026-01-01T01:00:00+01:00")
        };

        assertThat(asText(
                        postgres,
                        "SELECT to_char(x AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US') FROM unnest(?::timestamptz[]) x",
                        statement -> Db.array(statement, "timestamptz", times)))
                .containsExactly(
                        "2026-11-29 22:21:16.123456",
                        null,
                        "2000-01-01 00:00:00.000000",
                        "1969-12-31 23:59:59.999999",
                        "9999-12-31 23:59:59.999999",
                        "2026-01-01 00:00:00.000000");
    }

    @Test
    void nothing_is_an_array_too(PostgresDatabase postgres) throws SQLException {
        assertThat(asText(
                        postgres,
                        "SELECT cardinality(?::uuid[])::text",
                        statement -> Db.array(statement, "uuid", new UUID[0])))
                .containsExactly("0");
    }

    /** Not wrapped around, not cut to the last one that fits: it would be another time than was asked for. */
    @Test
    void a_time_that_Postgres_does_not_have_is_refused(PostgresDatabase postgres) {
        for (OffsetDateTime never : List.of(OffsetDateTime.MAX, OffsetDateTime.MIN)) {
            OffsetDateTime[] times = {never};
            assertThatThrownBy(() -> asText(
                            postgres,
                            "SELECT x::text FROM unnest(?::timestamptz[]) x",
                            statement -> Db.array(statement, "timestamptz", times)))
                    .isInstanceOfSatisfying(
                            SQLException.class,
                            e -> assertThat(StoreException.of("say it", e).code())
                                    .isEqualTo(StoreException.Code.BAD_DATA));
        }
    }

    private static OffsetDateTime at(String instant) {
        return Instant.parse(instant).atOffset(ZoneOffset.UTC);
    }

    @FunctionalInterface
    private interface Parameter {
        Array of(PreparedStatement statement) throws SQLException;
    }

    private static List<String> asText(PostgresDatabase postgres, String sql, Parameter array) throws SQLException {
        try (Connection connection = postgres.connect();
                PreparedStatement statement = connection.prepareStatement(sql)) {
            statement.setArray(1, array.of(statement));
            List<String> rows = new ArrayList<>();
            try (ResultSet result = statement.executeQuery()) {
                while (result.next()) {
                    rows.add(result.getString(1));
                }
            }
            return rows;
        }
    }
}
