package dev.muster.embedded.wire;

import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.time.Instant;
import java.util.Arrays;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;

/**
 * One connection through a proxy. Each direction has a thread that reads and one that delivers, so that a delay holds up
 * each chunk by as much, and not the next one by twice as much. Thread-safe.
 */
final class Link {
    private static final int CHUNK = 64 * 1024;
    private static final int CHUNKS = 64;

    private final TcpProxy proxy;
    private final Socket client;
    /** Empty: the client believes that it has connected. */
    private final Optional<Socket> server;
    /** Something of it was lost, so it can't go on. */
    private volatile boolean broken;
    /** One of its ends is closed, which the other has not heard of. */
    private volatile boolean ended;

    private volatile boolean unanswered;

    Link(TcpProxy proxy, Socket client, Optional<Socket> server) {
        this.proxy = proxy;
        this.client = client;
        this.server = server;
        this.broken = server.isEmpty();
    }

    private enum Direction {
        TO_SERVER,
        TO_CLIENT
    }

    /** What was read at once, and when. Empty: the end. */
    private record Chunk(byte[] bytes, Instant arrived) {
        boolean isEnd() {
            return bytes.length == 0;
        }
    }

    void begin() {
        pump(Direction.TO_SERVER, client, server);
        server.ifPresent(socket -> pump(Direction.TO_CLIENT, socket, Optional.of(client)));
    }

    /** The wire is whole again: who still waits for an end that has gone is told so. */
    void healed() {
        if (ended) {
            close();
        }
    }

    void closeServer() {
        broken = true;
        ended = true;
        server.ifPresent(Link::quietly);
    }

    void reset() {
        reset(client);
        server.ifPresent(Link::reset);
        proxy.forget(this);
    }

    /** Closes it with a RST, as a machine does that knows nothing of a connection. */
    static void reset(Socket socket) {
        try {
            socket.setSoLinger(true, 0);
        } catch (IOException _) {
            // It was closed already.
        }
        quietly(socket);
    }

    private void close() {
        quietly(client);
        server.ifPresent(Link::quietly);
        proxy.forget(this);
    }

    private void pump(Direction direction, Socket from, Optional<Socket> to) {
        BlockingQueue<Chunk> chunks = new ArrayBlockingQueue<>(CHUNKS);
        Thread.ofVirtual().start(() -> read(from, chunks));
        Thread.ofVirtual().start(() -> deliver(direction, chunks, to));
    }

    private void read(Socket from, BlockingQueue<Chunk> chunks) {
        byte[] buffer = new byte[CHUNK];
        try {
            try {
                InputStream in = from.getInputStream();
                for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
                    chunks.put(new Chunk(Arrays.copyOf(buffer, n), proxy.now()));
                }
            } catch (IOException _) {
                // The end, as a FIN is.
            }
            chunks.put(new Chunk(new byte[0], proxy.now()));
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }

    private void deliver(Direction direction, BlockingQueue<Chunk> chunks, Optional<Socket> to) {
        try {
            while (true) {
                Chunk chunk = chunks.take();
                boolean gone = !through(direction, chunk, to);
                if (chunk.isEnd() || gone) {
                    return;
                }
            }
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        } catch (IOException _) {
            close(); // nobody is there to take it
        }
    }

    /** False when the connection is over. */
    private boolean through(Direction direction, Chunk chunk, Optional<Socket> to)
            throws IOException, InterruptedException {
        switch (proxy.awaitTurn(chunk.arrived())) {
            case Wire.Pass _, Wire.Delay _ -> {
                if (chunk.isEnd()) {
                    close();
                } else if (!broken && to.isPresent()) {
                    return write(direction, chunk.bytes(), to.get());
                }
            }
            case Wire.Drop _, Wire.HalfOpen _ -> {
                broken = true;
                ended = ended || chunk.isEnd();
            }
            case Wire.Reset _ -> {
                return false;
            }
        }
        return true;
    }

    private boolean write(Direction direction, byte[] bytes, Socket to) throws IOException {
        switch (direction) {
            case TO_SERVER -> unanswered = proxy.isToBeUnanswered(bytes) || unanswered;
            case TO_CLIENT -> {
                if (unanswered) {
                    proxy.answerIsLost(); // a server answers when it has done what was asked
                    close();
                    return false;
                }
            }
        }
        to.getOutputStream().write(bytes);
        return true;
    }

    private static void quietly(Socket socket) {
        try {
            socket.close();
        } catch (IOException _) {
            // It was closed already.
        }
    }
}
