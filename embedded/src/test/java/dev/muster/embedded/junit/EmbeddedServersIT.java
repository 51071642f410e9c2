package dev.muster.embedded.junit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.muster.embedded.sandbox.SandboxServer;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.Statement;
import java.util.Map;
import org.apache.kafka.clients.admin.Admin;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(EmbeddedServers.class)
class EmbeddedServersIT {

    @Test
    void a_class_has_a_database_of_its_own(PostgresDatabase database) throws Exception {
        try (Connection connection = database.connect();
                Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("SELECT current_database()")) {
            assertThat(row.next()).isTrue();
            assertThat(row.getString(1)).startsWith("test_");
        }
    }

    @Test
    void the_broker_answers(KafkaCluster kafka) throws Exception {
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", kafka.bootstrapServers()))) {
            assertThat(admin.describeCluster().nodes().get()).hasSize(1);
        }
    }

    @Nested
    class Inner {
        @Test
        void shares_with_its_outermost_class(PostgresDatabase database, SandboxServer sandbox) {
            assertThat(database.jdbcUrl()).contains("/test_");
            assertThat(sandbox.running()).isTrue();
        }
    }
}
