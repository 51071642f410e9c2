package dev.muster.bench.peer;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import dev.muster.bench.trial.Completions;
import dev.muster.config.Setting;
import dev.muster.config.Settings;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import javax.sql.DataSource;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/**
 * What a peer is told on its command line, and how it reaches Postgres and Kafka.
 *
 * @param mode what else it was told
 */
record Peer(Settings settings, String queue, long jobs, Completions completions, String mode) {

    static Peer of(String[] args) {
        long jobs = Long.parseLong(args[1]);
        return new Peer(
                Settings.load(Path.of("none"), System.getenv(), Map.of()),
                args[0],
                jobs,
                new Completions(jobs, Path.of(args[2])),
                args.length > 3 ? args[3] : "");
    }

    DataSource pool(int size) {
        HikariConfig config = new HikariConfig();
        config.setJdbcUrl(settings.string(Setting.POSTGRES_URL));
        config.setUsername(settings.string(Setting.POSTGRES_USER));
        config.setPassword(settings.string(Setting.POSTGRES_PASSWORD));
        config.setMaximumPoolSize(size);
        return new HikariDataSource(config);
    }

    static void execute(DataSource pool, String sql) throws SQLException {
        try (Connection connection = pool.getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    /** A consumer that commits nothing by itself. */
    KafkaConsumer<byte[], byte[]> consumer(String protocol, int maxPollRecords) {
        Map<String, Object> config = new HashMap<>();
        config.put(ConsumerConfig.BOOTSTRAP_SERVERS_CONFIG, settings.string(Setting.KAFKA_BOOTSTRAP));
        config.put(ConsumerConfig.GROUP_ID_CONFIG, "peer-" + queue);
        config.put(ConsumerConfig.GROUP_PROTOCOL_CONFIG, protocol);
        config.put(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, false);
        config.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest");
        config.put(ConsumerConfig.MAX_POLL_RECORDS_CONFIG, maxPollRecords);
        return new KafkaConsumer<>(config, new ByteArrayDeserializer(), new ByteArrayDeserializer());
    }

    /** One autocommit INSERT: the durable result of a listener's job. */
    void store(DataSource pool, ConsumerRecord<byte[], byte[]> record) {
        try (Connection connection = pool.getConnection();
                PreparedStatement statement = connection.prepareStatement(PeerSql.DONE)) {
            statement.setObject(1, id(record));
            statement.setInt(2, record.partition());
            statement.setLong(3, record.offset());
            statement.setString(4, new String(record.key(), StandardCharsets.UTF_8));
            statement.setBytes(5, record.value());
            statement.executeUpdate();
        } catch (SQLException e) {
            throw new IllegalStateException("can't store a job", e);
        }
        completions.done(1);
    }

    private static UUID id(ConsumerRecord<byte[], byte[]> record) {
        long high = (record.timestamp() << 16) | 0x7000L | (record.offset() & 0xfff);
        return new UUID(high, 0x8000_0000_0000_0000L | ((long) record.partition() << 40) | record.offset());
    }

    static List<String> topics(String queue) {
        return List.of(dev.muster.protocol.Topics.jobs(queue));
    }
}
