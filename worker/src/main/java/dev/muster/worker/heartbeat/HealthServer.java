package dev.muster.worker.heartbeat;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.muster.fleet.Incarnation;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.concurrent.Executors;

/**
 * A worker's two addresses: {@code GET /health}, which answers while the process does (the second fact before a silent
 * worker is declared lost), and {@code GET /metrics} for Prometheus. Thread-safe.
 */
public final class HealthServer implements AutoCloseable {
    private final HttpServer server;
    private final String host;
    private final Optional<InetSocketAddress> advertised;
    private volatile Optional<Incarnation> me = Optional.empty();

    /**
     * Listens at once.
     *
     * @param port 0: any free one
     * @param advertised where others reach it, if that is not where it is bound
     * @throws UncheckedIOException if the port is taken
     */
    public HealthServer(String host, int port, Optional<InetSocketAddress> advertised, PrometheusMeterRegistry meters) {
        this.host = host;
        this.advertised = advertised;
        try {
            server = HttpServer.create(new InetSocketAddress(host, port), 64);
        } catch (IOException e) {
            throw new UncheckedIOException("can't listen on " + host + ":" + port, e);
        }
        // Platform threads: the answer must not depend on the carriers that jobs may starve.
        server.setExecutor(Executors.newFixedThreadPool(
                2, Thread.ofPlatform().name("health-", 0).daemon().factory()));
        server.createContext("/health", exchange -> answer(exchange, "application/json", health()));
        server.createContext(
                "/metrics", exchange -> answer(exchange, "text/plain; version=0.0.4; charset=utf-8", meters.scrape()));
        server.start();
    }

    /** From now on it says whose port this is. */
    public void is(Incarnation incarnation) {
        me = Optional.of(incarnation);
    }

    /** Where others reach it: as advertised; the address that it is bound to, or the machine's name where that is all. */
    public String reachedAt(String hostName) {
        if (advertised.isPresent()) {
            return advertised.get().getHostString();
        }
        return server.getAddress().getAddress().isAnyLocalAddress() ? hostName : host;
    }

    /** The port at which others reach it. */
    public int port() {
        return advertised
                .map(InetSocketAddress::getPort)
                .orElseGet(() -> server.getAddress().getPort());
    }

    @Override
    public void close() {
        server.stop(0);
    }

    private String health() {
        return me.map(incarnation -> "{\"status\":\"up\",\"incarnation\":\"" + incarnation + "\"}")
                .orElse("{\"status\":\"starting\"}");
    }

    private static void answer(HttpExchange exchange, String type, String body) throws IOException {
        byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
        exchange.getResponseHeaders().set("Content-Type", type);
        exchange.sendResponseHeaders(200, bytes.length);
        exchange.getResponseBody().write(bytes);
        exchange.close();
    }
}
