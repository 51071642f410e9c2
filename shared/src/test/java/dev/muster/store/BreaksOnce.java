package dev.muster.store;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.atomic.AtomicBoolean;

/** A wire to a server that resets one connection, the first whose client says a given word. Thread-safe. */
final class BreaksOnce implements AutoCloseable {
    private final ServerSocket listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    private final AtomicBoolean broken = new AtomicBoolean();
    private final int target;
    private final String word;

    BreaksOnce(int target, String word) throws IOException {
        this.target = target;
        this.word = word;
        Thread.ofVirtual().start(this::accept);
    }

    int port() {
        return listener.getLocalPort();
    }

    boolean hasBroken() {
        return broken.get();
    }

    @Override
    public void close() throws IOException {
        listener.close();
    }

    private void accept() {
        try {
            while (true) {
                Socket client = listener.accept();
                Socket server = new Socket(InetAddress.getLoopbackAddress(), target);
                Thread.ofVirtual().start(() -> pass(client, server, true));
                Thread.ofVirtual().start(() -> pass(server, client, false));
            }
        } catch (IOException e) {
            // closed
        }
    }

    private void pass(Socket from, Socket to, boolean listening) {
        try (from;
                to) {
            InputStream in = from.getInputStream();
            OutputStream out = to.getOutputStream();
            byte[] bytes = new byte[8192];
            int read = in.read(bytes);
            while (read >= 0) {
                if (listening
                        && new String(bytes, 0, read, StandardCharsets.US_ASCII).contains(word)
                        && broken.compareAndSet(false, true)) {
                    return;
                }
                out.write(bytes, 0, read);
                read = in.read(bytes);
            }
        } catch (IOException e) {
            // the other side is gone
        }
    }
}
