package dev.muster.embedded.sandbox;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.OutputStreamWriter;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.core.JacksonException;

/**
 * The sandbox's HTTP server: Stripe's API below {@code /v1}, the sandbox's own switches below {@code /sandbox}, and
 * {@code /health}. One virtual thread a request.
 *
 * <p>Thread-safety: thread-safe.
 */
public final class SandboxGateway implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(SandboxGateway.class);
    private static final int BACKLOG = 1024;

    private final HttpServer server;
    private final Ledger ledger;
    private final Faults faults;
    private final StripeApi api;
    private final CountDownLatch closed = new CountDownLatch(1);
    private final AtomicInteger underWay = new AtomicInteger();

    private SandboxGateway(HttpServer server, Ledger ledger, IdempotencyStore idempotency, Faults faults) {
        this.server = server;
        this.ledger = ledger;
        this.faults = faults;
        this.api = new StripeApi(ledger, idempotency, new Payments(ledger, InstantSource.system()), faults, closed);
    }

    /**
     * Reads the journal and starts to serve.
     *
     * @throws IOException when the port is taken or the journal cannot be read
     */
    public static SandboxGateway open(SandboxConfig config) throws IOException {
        Path folder = Files.createDirectories(config.dataFolder().resolve("sandbox"));
        IdempotencyStore idempotency = new IdempotencyStore();
        Ledger ledger = new Ledger(folder.resolve("journal.ndjson"), idempotency);
        HttpServer server = HttpServer.create(new InetSocketAddress(config.host(), config.port()), BACKLOG);
        SandboxGateway gateway =
                new SandboxGateway(server, ledger, idempotency, new Faults(config.faults(), config.seed()));
        gateway.serve();
        return gateway;
    }

    /** The port it listens on. */
    public int port() {
        return server.getAddress().getPort();
    }

    /** Waits until it is closed. */
    public void awaitClosed() throws InterruptedException {
        closed.await();
    }

    /** Answers what is under way for up to a second, then closes all connections and the journal. */
    @Override
    public void close() {
        if (closed.getCount() == 0) {
            return;
        }
        closed.countDown();
        server.stop(1);
        try {
            ledger.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void serve() {
        server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
        server.createContext("/v1/", exchange -> guarded(exchange, this::call));
        server.createContext("/sandbox/charges", exchange -> guarded(exchange, this::streamCharges));
        server.createContext("/sandbox/faults", exchange -> guarded(exchange, this::switchFaults));
        server.createContext("/sandbox/calls", exchange -> guarded(exchange, this::countCalls));
        server.createContext("/health", exchange -> guarded(exchange, SandboxGateway::health));
        server.start();
    }

    private void call(HttpExchange exchange) throws IOException, InterruptedException {
        int changes = exchange.getRequestMethod().equals("POST") ? 1 : 0;
        underWay.addAndGet(changes);
        try {
            api.handle(exchange);
        } finally {
            underWay.addAndGet(-changes);
        }
    }

    /** How many calls that change something are under way: for who wants to break a client off in the middle of one. */
    private void countCalls(HttpExchange exchange) throws IOException {
        Http.answer(exchange, new Answer(200, "{\"underWay\":" + underWay.get() + "}"));
    }

    private void switchFaults(HttpExchange exchange) throws IOException {
        switch (exchange.getRequestMethod()) {
            case "GET" -> {}
            case "POST" -> {
                try {
                    faults.change(StripeJson.MAPPER.readValue(Http.body(exchange), FaultPlan.Change.class));
                } catch (JacksonException e) {
                    throw StripeError.invalid("parameter_invalid", "faults", "Not a fault plan: " + e.getMessage());
                }
            }
            case "DELETE" -> faults.reset();
            default -> throw StripeError.invalid("", "", "Use GET, POST or DELETE.");
        }
        Http.answer(exchange, new Answer(200, faults.plan().toJson()));
    }

    /** The audit: every charge, oldest first, one JSON object a line. */
    private void streamCharges(HttpExchange exchange) throws IOException {
        exchange.getResponseHeaders().set("Content-Type", "application/x-ndjson");
        exchange.sendResponseHeaders(200, 0);
        try (Writer lines = new BufferedWriter(
                new OutputStreamWriter(exchange.getResponseBody(), StandardCharsets.UTF_8), 1 << 16)) {
            for (Charge charge : ledger.allCharges()) {
                lines.write(StripeJson.write(StripeJson.auditLine(charge)));
                lines.write('\n');
            }
        }
    }

    private static void health(HttpExchange exchange) throws IOException {
        Http.answer(exchange, new Answer(200, "{\"status\":\"ok\"}"));
    }

    private static void guarded(HttpExchange exchange, Handler handler) {
        try {
            handler.handle(exchange);
        } catch (StripeError e) {
            answerQuietly(exchange, new Answer(e.status(), e.body()));
        } catch (IOException e) {
            log.atDebug().setCause(e).log("Client went away");
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (RuntimeException e) {
            log.atError()
                    .setCause(e)
                    .addKeyValue("path", exchange.getRequestURI())
                    .log("Request failed; the connection is closed and the client retries with its key");
        } finally {
            exchange.close();
        }
    }

    private static void answerQuietly(HttpExchange exchange, Answer answer) {
        try {
            Http.answer(exchange, answer);
        } catch (IOException e) {
            log.atDebug().setCause(e).log("Client went away");
        }
    }

    /** What serves one exchange; leaving it without an answer closes the connection. */
    interface Handler {
        void handle(HttpExchange exchange) throws IOException, InterruptedException;
    }
}
