package dev.muster.local.cli;

import dev.muster.config.Setting;
import dev.muster.config.Settings;
import dev.muster.embedded.sandbox.SandboxConfig;
import dev.muster.embedded.sandbox.SandboxMain;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code muster sandbox}. */
@Command(
        name = "sandbox",
        mixinStandardHelpOptions = true,
        description = "Runs the sandbox payment provider until it is told to end; for containers.")
final class SandboxCommand implements Callable<Integer> {
    @Mixin
    private ConfigOptions config = new ConfigOptions();

    @Override
    public Integer call() throws IOException, InterruptedException {
        Settings settings = config.load(Map.of());
        SandboxMain.run(SandboxConfig.in(Path.of(settings.string(Setting.SANDBOX_DATA)))
                .withHost(settings.string(Setting.SANDBOX_HOST))
                .withPort(settings.integer(Setting.SANDBOX_PORT, 0, 65_535)));
        return 0;
    }
}
