package dev.muster.embedded.wire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Real sockets, and a server that says each thing again. */
class TcpProxyIT {
    private static final Duration PATIENCE = Duration.ofSeconds(20);
    private static final int SILENCE_MILLIS = 200;

    private final ServerSocket server;
    private final Set<Socket> accepted = ConcurrentHashMap.newKeySet();
    private final TcpProxy proxy;

    TcpProxyIT() throws IOException {
        server = new ServerSocket(0, 16, InetAddress.getLoopbackAddress());
        Thread.ofVirtual().start(this::echo);
        proxy = new TcpProxy(server::getLocalPort, InstantSource.system());
    }

    @AfterEach
    void closeAll() throws IOException {
        proxy.close();
        server.close();
    }

    @Test
    void what_is_said_gets_through_and_is_witnessed() throws IOException {
        assertThat(proxy.lastFromClient()).isEmpty();
        try (Socket client = connect()) {
            assertThat(answer(client, "hello")).isEqualTo("hello");
        }
        assertThat(proxy.lastFromClient()).isPresent();
        await().atMost(PATIENCE).until(accepted::isEmpty); // the end gets through too
    }

    @Test
    void a_delay_holds_each_chunk_back_and_a_heal_lets_go_of_what_is_held() throws IOException {
        try (Socket client = connect()) {
            answer(client, "warm");
            proxy.set(new Wire.Delay(Duration.ofMillis(150)));
            Instant sent = InstantSource.system().instant();
            assertThat(answer(client, "late")).isEqualTo("late");
            assertThat(Duration.between(sent, InstantSource.system().instant()))
                    .isGreaterThanOrEqualTo(Duration.ofMillis(300)); // there and back

            proxy.set(new Wire.Delay(Duration.ofHours(1)));
            send(client, "held");
            assertSilent(client);
            proxy.heal();
            assertThat(read(client, 4)).isEqualTo("held");
        }
    }

    @Test
    void a_drop_is_silent_and_what_has_lost_something_stays_so_while_the_idle_and_the_new_go_on() throws IOException {
        try (Socket idle = connect();
                Socket busy = connect()) {
            answer(idle, "a");
            answer(busy, "b");
            proxy.set(new Wire.Drop());
            send(busy, "lost");
            assertSilent(busy);
            try (Socket late = connect()) {
                send(late, "nobody is there");
                assertSilent(late);
                proxy.heal();

                send(busy, "more");
                send(late, "more");
                assertSilent(busy);
                assertSilent(late);
            }
            assertThat(answer(idle, "still")).isEqualTo("still");
            try (Socket fresh = connect()) {
                assertThat(answer(fresh, "new")).isEqualTo("new");
            }
        }
    }

    @Test
    void the_end_of_a_client_that_is_cut_off_is_told_when_the_wire_heals() throws IOException {
        Socket client = connect();
        answer(client, "x");
        proxy.set(new Wire.Drop());
        client.close();
        await().during(Duration.ofMillis(SILENCE_MILLIS)).atMost(PATIENCE).until(() -> accepted.size() == 1);

        proxy.heal();

        await().atMost(PATIENCE).until(accepted::isEmpty);
    }

    @Test
    void half_open_is_an_end_that_the_server_sees_and_the_client_does_not() throws IOException {
        try (Socket client = connect()) {
            answer(client, "x");
            proxy.set(new Wire.HalfOpen());
            await().atMost(PATIENCE).until(accepted::isEmpty);
            send(client, "is anybody there");
            assertSilent(client);
        }
    }

    @Test
    void a_reset_ends_what_there_is_and_whoever_tries() throws IOException {
        try (Socket client = connect()) {
            answer(client, "x");
            proxy.set(new Wire.Reset());
            assertThatThrownBy(() -> answer(client, "y")).isInstanceOf(SocketException.class);
            await().atMost(PATIENCE).until(accepted::isEmpty);
        }
        assertThatThrownBy(() -> {
                    try (Socket late = connect()) {
                        answer(late, "z");
                    }
                })
                .isInstanceOf(SocketException.class);

        proxy.heal();
        try (Socket fresh = connect()) {
            assertThat(answer(fresh, "new")).isEqualTo("new");
        }
    }

    @Test
    void an_answer_can_be_lost_after_the_server_has_heard_the_question() throws IOException {
        proxy.loseAnswerTo("commit");
        try (Socket client = connect()) {
            assertThat(answer(client, "begin")).isEqualTo("begin");
            send(client, "commit");
            assertThat(client.getInputStream().read()).isEqualTo(-1);
        }
        assertThat(proxy.hasLostAnswer()).isTrue();
        try (Socket client = connect()) {
            assertThat(answer(client, "commit")).isEqualTo("commit");
        }
    }

    private Socket connect() throws IOException {
        return new Socket(InetAddress.getLoopbackAddress(), proxy.port());
    }

    private static void send(Socket client, String text) throws IOException {
        client.getOutputStream().write(text.getBytes(StandardCharsets.US_ASCII));
    }

    private static String read(Socket client, int length) throws IOException {
        client.setSoTimeout((int) PATIENCE.toMillis());
        byte[] bytes = client.getInputStream().readNBytes(length);
        if (bytes.length < length) {
            throw new SocketException("ended after " + bytes.length + " of " + length + " bytes");
        }
        return new String(bytes, StandardCharsets.US_ASCII);
    }

    private static String answer(Socket client, String text) throws IOException {
        send(client, text);
        return read(client, text.length());
    }

    private static void assertSilent(Socket client) throws IOException {
        client.setSoTimeout(SILENCE_MILLIS);
        assertThatThrownBy(() -> client.getInputStream().read()).isInstanceOf(SocketTimeoutException.class);
    }

    private void echo() {
        try {
            while (true) {
                Socket socket = server.accept();
                accepted.add(socket);
                Thread.ofVirtual().start(() -> {
                    try (socket) {
                        socket.getInputStream().transferTo(socket.getOutputStream());
                    } catch (IOException _) {
                        // Reset.
                    } finally {
                        accepted.remove(socket);
                    }
                });
            }
        } catch (IOException _) {
            // The test is over.
        }
    }
}
