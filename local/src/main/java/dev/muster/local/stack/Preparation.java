package dev.muster.local.stack;

import dev.muster.config.Settings;
import dev.muster.job.Queue;
import dev.muster.kafka.KafkaClients;
import dev.muster.kafka.TopicAdmin;
import dev.muster.store.Database;
import dev.muster.store.Migrations;
import dev.muster.store.QueueStore;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.apache.kafka.clients.admin.Admin;

/** What has to stand in Postgres and Kafka before a coordinator and workers can use them. */
final class Preparation {
    private static final String CLIENT = "muster-stack";

    private Preparation() {}

    /** Makes the schema and the internal topics, both at once; what is there stays as it is. */
    static void schemaAndTopics(Settings settings) {
        CompletableFuture<Void> topics =
                CompletableFuture.runAsync(() -> internalTopics(settings), Thread::startVirtualThread);
        Migrations.migrate(settings);
        try {
            topics.join();
        } catch (CompletionException e) {
            throw e.getCause() instanceof RuntimeException failure ? failure : e;
        }
    }

    /** Makes the queues that are missing. */
    static void queues(Settings settings, Database database, List<Queue> wanted) {
        QueueStore queues = new QueueStore(database);
        try (Admin admin = new KafkaClients(settings).admin(CLIENT)) {
            TopicAdmin topics = new TopicAdmin(admin, settings);
            wanted.forEach(queue -> QueueSetup.ensure(topics, queues, queue));
        }
    }

    private static void internalTopics(Settings settings) {
        try (Admin admin = new KafkaClients(settings).admin(CLIENT)) {
            new TopicAdmin(admin, settings).ensureInternalTopics();
        }
    }
}
