package dev.muster.local.cli;

import dev.muster.config.Setting;
import dev.muster.config.Settings;
import dev.muster.local.Console;
import dev.muster.local.StopRequest;
import dev.muster.local.stack.LocalStack;
import dev.muster.local.stack.StackConfig;
import dev.muster.local.stack.StackProperties;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code muster up}. */
@Command(
        name = "up",
        mixinStandardHelpOptions = true,
        description = "Starts everything on this machine, in the foreground; Ctrl-C stops it.")
final class UpCommand implements Callable<Integer> {
    @Option(names = "--folder", paramLabel = "DIR", description = "Folder for everything it keeps; default: data")
    private Path folder = Path.of("data");

    @Option(names = "--workers", paramLabel = "N", description = "Number of workers; default: 2")
    private Optional<Integer> workers = Optional.empty();

    @Option(
            names = "--coordinators",
            paramLabel = "N",
            description = "Number of coordinators, of which one leads and the others stand by; default: 1")
    private int coordinators = 1;

    @Option(
            names = "--port",
            paramLabel = "PORT",
            description = "Port of the HTTP API; default: 8080, or a free one where that is taken")
    private Optional<Integer> port = Optional.empty();

    @Mixin
    private ConfigOptions config = new ConfigOptions();

    private final Console console;

    UpCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() {
        Settings settings = config.load(Map.of());
        int count = workers.orElseGet(() -> settings.integer(Setting.FLEET_WORKERS, 0, 1000));
        StackConfig wanted = new StackConfig(
                        folder,
                        settings.with(Setting.COORDINATOR_PORT, Integer.toString(apiPort(settings))),
                        count,
                        StackConfig.defaultQueues(),
                        new StackConfig.Ports(orAny(9092), orAny(5432), orAny(12111)))
                .withCoordinators(coordinators);
        try (StopRequest stop = StopRequest.listening();
                LocalStack stack = LocalStack.start(wanted, console::line)) {
            describe(stack, count);
            stack.await(stop.asked());
            console.line("stopping: coordinator, workers, sandbox, Kafka, Postgres");
        }
        return 0;
    }

    private void describe(LocalStack stack, int count) {
        Settings settings = stack.settings();
        console.line("");
        console.line("Muster is up.");
        console.line("  api and dashboard  " + stack.apiUrl());
        console.line("  kafka              " + settings.string(Setting.KAFKA_BOOTSTRAP));
        console.line("  postgres           " + settings.string(Setting.POSTGRES_URL) + " (user "
                + settings.string(Setting.POSTGRES_USER) + ")");
        console.line("  sandbox provider   " + stack.sandboxUrl());
        console.line("  workers            " + count + ", their logs in " + folder.resolve("workers"));
        console.line("  supervision        " + LocalStack.intensities() + "; workers "
                + settings.string(Setting.FLEET_INTENSITY) + " in " + settings.string(Setting.FLEET_PERIOD));
        console.line("  all of it          " + folder.resolve(StackProperties.FILE));
        console.line("");
        console.line(
                "A first job:  muster submit payments payment.charge --data "
                        + "'{\"amount\":1999,\"currency\":\"eur\",\"customer\":\"cus_1\",\"payment_method\":\"pm_card_visa\"}'");
        console.line("Ctrl-C stops everything.");
    }

    private int apiPort(Settings settings) {
        return port.orElseGet(() -> orAny(settings.integer(Setting.COORDINATOR_PORT, 0, 65_535)));
    }

    /** The port by which people know a server, unless somebody else has it. */
    private static int orAny(int known) {
        return isFree(known) ? known : 0;
    }

    private static boolean isFree(int port) {
        try (ServerSocket _ = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
            return true;
        } catch (IOException _) {
            return false;
        }
    }
}
