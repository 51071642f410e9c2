package dev.muster.worker;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import dev.muster.embedded.junit.EmbeddedServers;
import dev.muster.embedded.junit.KafkaCluster;
import dev.muster.embedded.junit.PostgresDatabase;
import dev.muster.embedded.sandbox.SandboxServer;
import dev.muster.job.JobHandler;
import dev.muster.job.JobId;
import dev.muster.job.Ordering;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.stream.Stream;
import javax.tools.JavaCompiler;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** The handler of {@code examples/handler}, built with nothing but the JDK and shared, in a real worker. */
@ExtendWith(EmbeddedServers.class)
final class HandlersFolderIT {
    private static final Path SOURCES = Path.of("..", "examples", "handler", "src", "main");

    @Test
    void a_jar_in_the_folder_is_enough(
            @TempDir Path folder, PostgresDatabase postgres, KafkaCluster kafka, SandboxServer sandbox)
            throws Exception {
        Path handlers = Files.createDirectory(folder.resolve("handlers"));
        jar(compiled(folder.resolve("classes")), handlers.resolve("webhook.jar"));
        BlockingQueue<String> received = new LinkedBlockingQueue<>();
        HttpServer receiver = receiver(received);
        try (WorkerStack stack = new WorkerStack(postgres, kafka, sandbox)) {
            String queue = stack.queue(Ordering.NONE, 1);
            stack.awaitOwner(stack.worker(Map.of("MUSTER_WORKER_HANDLERS", handlers.toString())), queue, 1);

            JobId id = stack.submit(
                    queue,
                    "webhook.deliver",
                    "k",
                    "{\"url\":\"http://127.0.0.1:" + receiver.getAddress().getPort() + "/hook\",\"body\":\"hello\"}");

            stack.awaitFinal(List.of(id));
            stack.assertSucceededOnce(List.of(id));
            assertThat(received).containsExactly("muster:" + id + ":post:1 hello");
            assertThat(stack.query("SELECT result FROM job_history WHERE job_id = '" + id + "'"))
                    .contains("HTTP 204");
        } finally {
            receiver.stop(0);
        }
    }

    private static HttpServer receiver(BlockingQueue<String> received) throws IOException {
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/hook", exchange -> {
            String key = exchange.getRequestHeaders().getFirst("Idempotency-Key");
            received.add(key + " " + new String(exchange.getRequestBody().readAllBytes(), UTF_8));
            exchange.sendResponseHeaders(204, -1);
            exchange.close();
        });
        server.start();
        return server;
    }

    private static Path compiled(Path classes) throws IOException {
        JavaCompiler compiler = requireNonNull(ToolProvider.getSystemJavaCompiler(), "tests run on a JDK");
        String shared = Path.of(JobHandler.class
                        .getProtectionDomain()
                        .getCodeSource()
                        .getLocation()
                        .getPath())
                .toString();
        try (StandardJavaFileManager files = compiler.getStandardFileManager(null, null, UTF_8);
                Stream<Path> sources = Files.walk(SOURCES.resolve("java"))) {
            boolean ok = compiler.getTask(
                            null,
                            files,
                            null,
                            List.of("-classpath", shared, "-d", classes.toString(), "--release", "25"),
                            null,
                            files.getJavaFileObjectsFromPaths(
                                    sources.filter(f -> f.toString().endsWith(".java"))
                                            .toList()))
                    .call();
            assertThat(ok).as("the example compiles").isTrue();
        }
        return classes;
    }

    private static void jar(Path classes, Path file) throws IOException {
        try (JarOutputStream jar = new JarOutputStream(Files.newOutputStream(file))) {
            for (Path root : List.of(classes, SOURCES.resolve("resources"))) {
                try (Stream<Path> entries = Files.walk(root)) {
                    for (Path entry : entries.filter(Files::isRegularFile).toList()) {
                        jar.putNextEntry(new JarEntry(root.relativize(entry).toString()));
                        Files.copy(entry, jar);
                        jar.closeEntry();
                    }
                }
            }
        }
    }
}
