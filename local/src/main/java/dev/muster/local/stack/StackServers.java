package dev.muster.local.stack;

import dev.muster.config.Setting;
import dev.muster.config.Settings;
import dev.muster.embedded.EmbeddedServer;
import dev.muster.embedded.KafkaServer;
import dev.muster.embedded.PostgresServer;
import dev.muster.embedded.sandbox.SandboxConfig;
import dev.muster.embedded.sandbox.SandboxServer;
import dev.muster.local.MusterProcess;
import java.net.URI;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The servers that all else needs and none of which needs another, each with its folder and its port, which it keeps.
 * Thread-safe.
 */
final class StackServers {
    private final PostgresServer postgres;
    private final KafkaServer kafka;
    private final SandboxServer sandbox;
    private final Map<String, EmbeddedServer> byName;
    private final Optional<Outpost> outpost;
    private final Map<String, CompletableFuture<Void>> begun = new ConcurrentHashMap<>();

    StackServers(Path folder, StackConfig.Ports ports, Optional<Outpost.Reach> reach) {
        this.outpost = reach.map(how -> new Outpost(
                how,
                this::kafkaOfOutpost,
                this::postgresPort,
                () -> sandboxUrl().getPort()));
        this.postgres = new PostgresServer(new PostgresServer.Config(folder, ports.postgres(), Map.of()));
        this.kafka = new KafkaServer(new KafkaServer.Config(
                folder,
                ports.kafka(),
                Map.of(),
                MusterProcess.small(KafkaServer.Config.JVM_OPTIONS),
                outpost
                        .map(it -> new KafkaServer.Listener(
                                Outpost.LISTENER, it.kafka().port()))
                        .stream()
                        .toList()));
        this.sandbox = new SandboxServer(SandboxConfig.in(folder).withPort(ports.sandbox()));
        Map<String, EmbeddedServer> servers = new LinkedHashMap<>();
        servers.put("postgres", postgres);
        servers.put("kafka", kafka);
        servers.put("sandbox", sandbox);
        this.byName = Collections.unmodifiableMap(servers);
    }

    /** In the order in which they are supervised. */
    Map<String, EmbeddedServer> byName() {
        return byName;
    }

    /**
     * Begins the first start of all of them at once and does not wait. A supervisor starts its children one after the
     * other; each joins what was begun for it here, which saves the seconds that the others take.
     */
    void begin() {
        byName.forEach((name, server) ->
                begun.put(name, CompletableFuture.runAsync(server::start, Thread::startVirtualThread)));
    }

    /**
     * Starts one and returns when it answers.
     *
     * @throws dev.muster.embedded.EmbeddedServerException if it does not
     */
    void start(String name) {
        CompletableFuture<Void> first = begun.remove(name);
        if (first == null) {
            Objects.requireNonNull(byName.get(name), name).start();
            return;
        }
        try {
            first.join();
        } catch (CompletionException e) {
            throw e.getCause() instanceof RuntimeException failure ? failure : e;
        }
    }

    /** The worker behind wires, if there is one. */
    Optional<Outpost> outpost() {
        return outpost;
    }

    private int kafkaOfOutpost() {
        return kafka.port(Outpost.LISTENER);
    }

    private int postgresPort() {
        return URI.create(postgres.jdbcUrl().substring("jdbc:".length())).getPort();
    }

    URI sandboxUrl() {
        return sandbox.url();
    }

    /** These settings, with where the servers are; known once all have been started, and the same ever after. */
    Settings locate(Settings settings) {
        return settings.with(Setting.KAFKA_BOOTSTRAP, kafka.bootstrapServers())
                .with(Setting.POSTGRES_URL, postgres.jdbcUrl())
                .with(Setting.POSTGRES_USER, postgres.user())
                .with(Setting.POSTGRES_PASSWORD, postgres.password())
                .with(Setting.PAYMENTS_URL, sandbox.url().toString());
    }
}
