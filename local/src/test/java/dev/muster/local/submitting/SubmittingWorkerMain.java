package dev.muster.local.submitting;

import dev.muster.config.Settings;
import dev.muster.worker.WorkerMain;
import java.nio.file.Path;
import java.util.Map;

/** A worker, with the handlers of these tests besides its own: they are on its class path, named as users' are. */
public final class SubmittingWorkerMain {
    private SubmittingWorkerMain() {}

    public static void main(String[] args) {
        System.exit(WorkerMain.run(Settings.load(Path.of("none.properties"), System.getenv(), Map.of())));
    }
}
