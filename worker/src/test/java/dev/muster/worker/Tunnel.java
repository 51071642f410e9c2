package dev.muster.worker;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** A wire to Postgres that a test can cut: for one worker, while everybody else still reaches it. Thread-safe. */
final class Tunnel implements AutoCloseable {
    private final ServerSocket listener;
    private final String host;
    private final int port;
    private final String database;
    private final Set<Socket> open = ConcurrentHashMap.newKeySet();
    private volatile Wire wire = Wire.WHOLE;

    private enum Wire {
        WHOLE,
        /** Requests arrive and are executed, answers are lost. */
        ANSWERS_LOST,
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

    /** From now on what is asked is done and nobody hears of it. */
    void loseAnswers() {
        wire = Wire.ANSWERS_LOST;
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
        Thread.ofVirtual().start(() -> pump(client, server, false));
        Thread.ofVirtual().start(() -> pump(server, client, true));
    }

    private void pump(Socket from, Socket to, boolean answers) {
        byte[] buffer = new byte[16 * 1024];
        try (from;
                to) {
            InputStream in = from.getInputStream();
            OutputStream out = to.getOutputStream();
            for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
                if (!answers || wire == Wire.WHOLE) {
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
