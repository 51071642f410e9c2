package dev.muster.embedded;

import dev.muster.embedded.sandbox.SandboxConfig;
import dev.muster.embedded.sandbox.SandboxServer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CountDownLatch;

/** A JVM that owns servers and is killed by {@link ParentDeathIT}; writes their process ids to a file when all run. */
final class StackOwner {
    private StackOwner() {}

    public static void main(String[] args) throws IOException, InterruptedException {
        Path folder = Path.of(args[0]);
        List<EmbeddedServer> servers = List.of(
                new PostgresServer(PostgresServer.Config.in(folder)), new SandboxServer(SandboxConfig.in(folder)));
        servers.forEach(EmbeddedServer::start);
        Path fresh = folder.resolve("pids.fresh");
        Files.write(
                fresh,
                servers.stream().map(server -> Long.toString(server.pid())).toList());
        Files.move(fresh, folder.resolve("pids"));
        new CountDownLatch(1).await();
    }
}
