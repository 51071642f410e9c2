package dev.muster.worker;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/** A wire to Postgres that a test can cut: for one worker, while everybody else still reaches it. Thread-safe. */
final class Tunnel implements AutoCloseable {
    private final ServerSocket listener;
    private final String host;
    private final int port;
    private final String database;
    private final Set<Socket> open = ConcurrentHashMap.newKeySet();
    private final AtomicReference<@Nullable String> unanswered = new AtomicReference<>();
    private volatile boolean lost;
    private volatile Wire wire = Wire.WHOLE;

    private enum Wire {
        WHOLE,
        /** Everything hangs: connections stand, nothing passes. */
        FROZEN,
        /** Nothing gets through, and who tries is refused. */
        CUT
    }

    Tunnel(String jdbcUrl) {
        URI to = URI.create(jdbcUrl.substring("jdbc:".length()));
        this.host = to.getHost();
        this.port = to.getPort();
        this.database = to.getPath();
        try {
            this.listener = new ServerSocket(0, 64, InetAddress.getLoopbackAddress());
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
        Thread.ofVirtual().start(this::accept);
    }

    /** The database's address through the tunnel. */
    String jdbcUrl() {
        return "jdbc:postgresql://127.0.0.1:" + listener.getLocalPort() + database;
    }

    /**
     * The next statement that has this text in it is executed, but its answer is lost and its connection ends: whoever
     * asked can't know whether it was committed. Only texts that the driver sends as such are seen: a statement's first
     * five uses on a connection.
     */
    void loseAnswerTo(String sql) {
        unanswered.set(sql);
    }

    /** True once an answer was lost since {@link #loseAnswerTo}. */
    boolean hasLostAnswer() {
        return lost;
    }

    void freeze() {
        wire = Wire.FROZEN;
    }

    void cut() {
        wire = Wire.CUT;
        open.forEach(Tunnel::quietly);
    }

    void mend() {
        wire = Wire.WHOLE;
    }

    private void accept() {
        try {
            while (true) {
                Socket client = listener.accept();
                if (wire == Wire.CUT) {
                    client.close();
                } else {
                    connect(client);
                }
            }
        } catch (IOException e) {
            // Closed: the test is over.
        }
    }

    private void connect(Socket client) throws IOException {
        Socket server = new Socket(host, port);
        open.add(client);
        open.add(server);
        AtomicBoolean muted = new AtomicBoolean();
        Thread.ofVirtual()
                .start(() -> pump(client, server, (buffer, length) -> {
                    String sql = unanswered.get();
                    if (sql != null
                            && new String(buffer, 0, length, StandardCharsets.ISO_8859_1).contains(sql)
                            && unanswered.compareAndSet(sql, null)) {
                        muted.set(true);
                    }
                    return wire == Wire.WHOLE;
                }));
        Thread.ofVirtual()
                .start(() -> pump(server, client, (buffer, length) -> {
                    if (muted.get()) {
                        // Postgres answers after its commit; so what was asked is done.
                        lost = true;
                        throw new IOException("the answer is lost");
                    }
                    return wire == Wire.WHOLE;
                }));
    }

    /** Whether these bytes get through. */
    @FunctionalInterface
    private interface Filter {
        boolean passes(byte[] buffer, int length) throws IOException;
    }

    private void pump(Socket from, Socket to, Filter filter) {
        byte[] buffer = new byte[256 * 1024];
        try (from;
                to) {
            InputStream in = from.getInputStream();
            OutputStream out = to.getOutputStream();
            for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
                if (filter.passes(buffer, n)) {
                    out.write(buffer, 0, n);
                }
            }
        } catch (IOException e) {
            // The other end has gone, or the wire was cut.
        } finally {
            open.remove(from);
            open.remove(to);
        }
    }

    private static void quietly(Socket socket) {
        try {
            socket.close();
        } catch (IOException e) {
            // It was closed already.
        }
    }

    @Override
    public void close() {
        cut();
        try {
            listener.close();
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }
}
