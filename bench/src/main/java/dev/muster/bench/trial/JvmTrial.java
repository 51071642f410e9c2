package dev.muster.bench.trial;

import dev.muster.bench.BenchServers;
import dev.muster.bench.Load;
import dev.muster.bench.Pause;
import dev.muster.config.Settings;
import dev.muster.job.Ordering;
import dev.muster.job.Queue;
import dev.muster.kafka.KafkaClients;
import dev.muster.kafka.TopicAdmin;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.clients.admin.Admin;
import org.jspecify.annotations.Nullable;

/**
 * A contestant that is one JVM: it works jobs off until it has done as many as it was told, writes down when, and waits
 * to be ended. Its arguments are the queue, the number of jobs, the file for the {@link Timeline} and what else it needs;
 * where Postgres and Kafka are it finds in Muster's environment variables.
 */
public final class JvmTrial implements Trial {
    /** The argument of a contestant that is started twice: with {@code load}, then with this. */
    public static final String RUN = "run";

    private static final String LOAD = "load";

    private final BenchServers servers;
    private final String name;
    private final Class<?> main;
    private final int partitions;
    private final long jobs;
    private final List<String> arguments;
    private final Path timeline;
    private Settings settings = Settings.of(Map.of());
    private @Nullable Child child;

    public JvmTrial(
            BenchServers servers, String name, Class<?> main, int partitions, long jobs, List<String> arguments) {
        this.servers = servers;
        this.name = name;
        this.main = main;
        this.partitions = partitions;
        this.jobs = jobs;
        this.arguments = List.copyOf(arguments);
        this.timeline = servers.folder().resolve(name + ".timeline");
    }

    @Override
    public void prepare() throws Exception {
        settings = servers.newDatabase(name);
        try (Admin admin = new KafkaClients(settings).admin("muster-bench")) {
            new TopicAdmin(admin, settings)
                    .ensureQueueTopic(
                            new Queue(name, Ordering.NONE, "default", partitions, Optional.empty(), false, 1, 0));
        }
    }

    @Override
    public Settings settings() {
        return settings;
    }

    @Override
    public String queue() {
        return name;
    }

    /** One whose jobs don't come by Kafka fills its table itself. */
    @Override
    public void preload(Load load, long wanted) throws Exception {
        if (!arguments.contains(RUN)) {
            Trial.super.preload(load, wanted);
            return;
        }
        try (Child loading = launch(LOAD)) {
            while (loading.isAlive()) {
                Pause.millis(100);
            }
        }
    }

    @Override
    public void start() throws IOException {
        child = launch(arguments.toArray(String[]::new));
    }

    private Child launch(String... words) throws IOException {
        List<String> all = new ArrayList<>(List.of(name, Long.toString(jobs), timeline.toString()));
        all.addAll(List.of(words));
        return Child.start(
                servers.folder().resolve(name + ".log"),
                settings.asEnvironment(),
                main.getName(),
                all.toArray(String[]::new));
    }

    @Override
    public boolean isDone(long wanted) {
        return child != null && (Files.exists(timeline) || !child.isAlive());
    }

    @Override
    public Timeline timeline() throws IOException {
        return Timeline.read(timeline);
    }

    @Override
    public Map<String, List<Long>> processes() {
        return child == null ? Map.of() : Map.of("worker", List.of(child.pid()));
    }

    @Override
    public void close() throws SQLException {
        if (child != null) {
            child.close();
        }
        servers.dropDatabase(name);
    }
}
