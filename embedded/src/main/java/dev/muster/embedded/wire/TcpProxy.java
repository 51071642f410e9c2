package dev.muster.embedded.wire;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.IntSupplier;
import org.jspecify.annotations.Nullable;

/**
 * A wire to a server on 127.0.0.1 that can be cut, slowed and healed: {@link Wire} says how. It listens on 127.0.0.1 on a
 * port that it keeps until it is closed.
 *
 * <p>Thread-safety: thread-safe; the wire is guarded by the monitor, which those who wait for a delay wait on.
 */
public final class TcpProxy implements AutoCloseable {
    private static final int BACKLOG = 64;

    private final ServerSocket listener;
    private final IntSupplier server;
    private final InstantSource clock;
    private final Set<Link> links = ConcurrentHashMap.newKeySet();
    private final AtomicReference<@Nullable String> unanswered = new AtomicReference<>();
    private volatile boolean answerLost;
    private volatile Optional<Instant> lastFromClient = Optional.empty();
    private volatile Wire wire = new Wire.Pass();

    /**
     * Listens at once.
     *
     * @param server its port on 127.0.0.1, asked for at each connection
     * @param clock for delays, and for {@link #lastFromClient}
     * @throws UncheckedIOException when there is no port to listen on
     */
    public TcpProxy(IntSupplier server, InstantSource clock) {
        this.server = server;
        this.clock = clock;
        try {
            this.listener = new ServerSocket(0, BACKLOG, InetAddress.getLoopbackAddress());
        } catch (IOException e) {
            throw new UncheckedIOException("a proxy can't listen on 127.0.0.1", e);
        }
        Thread.ofVirtual().name("proxy-" + port()).start(this::accept);
    }

    /** Where clients connect to. */
    public int port() {
        return listener.getLocalPort();
    }

    /** Changes the wire, for the connections that there are and for new ones. */
    public void set(Wire next) {
        change(next);
        switch (next) {
            case Wire.Pass _ -> links.forEach(Link::healed);
            case Wire.HalfOpen _ -> links.forEach(Link::closeServer);
            case Wire.Reset _ -> links.forEach(Link::reset);
            case Wire.Delay _, Wire.Drop _ -> {}
        }
    }

    /** All gets through again. */
    public void heal() {
        set(new Wire.Pass());
    }

    /**
     * The next chunk from a client that has this text in it reaches the server, but its answer is lost and its connection
     * ends: whoever asked can't know whether it was done.
     */
    public void loseAnswerTo(String text) {
        unanswered.set(text);
    }

    /** True once an answer was lost since {@link #loseAnswerTo}. */
    public boolean hasLostAnswer() {
        return answerLost;
    }

    /** When something from a client last got through to the server: a witness of who still speaks. */
    public Optional<Instant> lastFromClient() {
        return lastFromClient;
    }

    /** Ends all connections and the listening. */
    @Override
    public void close() {
        set(new Wire.Reset());
        try {
            listener.close();
        } catch (IOException e) {
            throw new UncheckedIOException("a proxy can't be closed", e);
        }
    }

    private synchronized void change(Wire next) {
        wire = next;
        notifyAll();
    }

    /** Returns how the wire is when what arrived then has its turn. */
    synchronized Wire awaitTurn(Instant arrived) throws InterruptedException {
        while (wire instanceof Wire.Delay(Duration by)) {
            Duration left = Duration.between(clock.instant(), arrived.plus(by));
            if (!left.isPositive()) {
                return wire;
            }
            wait(left.toMillis() + 1); // never too soon
        }
        return wire;
    }

    Instant now() {
        return clock.instant();
    }

    /** Takes in what gets through to the server; true if its answer is to be lost. */
    boolean isToBeUnanswered(byte[] chunk) {
        lastFromClient = Optional.of(clock.instant());
        String text = unanswered.get();
        return text != null
                && new String(chunk, StandardCharsets.ISO_8859_1).contains(text)
                && unanswered.compareAndSet(text, null);
    }

    void answerIsLost() {
        answerLost = true;
    }

    void forget(Link link) {
        links.remove(link);
    }

    private void accept() {
        try {
            while (true) {
                admit(listener.accept());
            }
        } catch (IOException _) {
            // Closed.
        }
    }

    private void admit(Socket client) {
        switch (wire) {
            case Wire.Pass _, Wire.Delay _ -> connect(client);
            case Wire.Drop _, Wire.HalfOpen _ -> begin(new Link(this, client, Optional.empty()));
            case Wire.Reset _ -> Link.reset(client);
        }
    }

    private void connect(Socket client) {
        try {
            begin(new Link(this, client, Optional.of(new Socket(InetAddress.getLoopbackAddress(), server.getAsInt()))));
        } catch (IOException _) {
            Link.reset(client); // nobody listens there, as the client would find without a proxy
        }
    }

    private void begin(Link link) {
        links.add(link);
        link.begin();
    }
}
