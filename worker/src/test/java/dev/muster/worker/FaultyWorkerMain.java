package dev.muster.worker;

import dev.muster.config.Settings;
import dev.muster.job.JobHandler;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;

/** A real worker process that is killed or stopped by a signal when it reaches a fault point: {@code POINT SIGNAL NTH}. */
final class FaultyWorkerMain {
    private FaultyWorkerMain() {}

    public static void main(String[] args) {
        FaultPoint.Listener faults = args.length < 3
                ? FaultPoint.Listener.none()
                : signalAt(FaultPoint.valueOf(args[0]), args[1], Integer.parseInt(args[2]));
        List<JobHandler<?>> handlers = List.of(new PauseHandler(), new FlakyHandler());
        Settings settings = Settings.load(Path.of("none.properties"), System.getenv(), Map.of());
        System.exit(WorkerMain.run(settings, faults, handlers));
    }

    private static FaultPoint.Listener signalAt(FaultPoint point, String signal, int nth) {
        AtomicInteger times = new AtomicInteger();
        return reached -> {
            if (reached == point && times.incrementAndGet() == nth) {
                send(signal);
                if (signal.equals("KILL")) {
                    LockSupport.park(); // not one line further
                }
            }
        };
    }

    private static void send(String signal) {
        try {
            new ProcessBuilder(
                            "kill",
                            "-" + signal,
                            Long.toString(ProcessHandle.current().pid()))
                    .start()
                    .waitFor();
        } catch (IOException e) {
            throw new IllegalStateException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
