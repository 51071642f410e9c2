package dev.muster.worker;

import dev.muster.config.Settings;
import dev.muster.job.JobHandler;
import dev.muster.supervision.runtime.SupervisionEvent;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;

/**
 * A real worker process that is killed or stopped by a signal when it reaches a fault point: {@code POINT SIGNAL NTH}; or
 * whose thread breaks there: {@code POINT THROW NTH}, counted once five calls to the outside have begun, so that there are
 * jobs in flight; NTH {@code 1+}: from the first on; {@code LEFT}: the first after the worker has left its group. What happens in its tree stands in {@code <name>.events}.
 */
final class FaultyWorkerMain {
    private static final int CALLS_IN_FLIGHT = 5;
    private static final AtomicBoolean LEFT = new AtomicBoolean();

    private FaultyWorkerMain() {}

    public static void main(String[] args) {
        FaultPoint.Listener faults = args.length < 3
                ? FaultPoint.Listener.none()
                : args[1].equals("THROW")
                        ? breakAt(FaultPoint.valueOf(args[0]), args[2])
                        : signalAt(FaultPoint.valueOf(args[0]), args[1], Integer.parseInt(args[2]));
        List<JobHandler<?>> handlers = List.of(
                new PauseHandler(),
                new FlakyHandler(),
                new QuickHandler(),
                new StrictHandler(),
                new ErrorHandler(),
                new StubbornHandler(),
                new ObedientHandler(),
                new PoisonHandler("test.poison", Duration.ofSeconds(20)),
                new PoisonHandler("test.poison.quick", Duration.ofSeconds(1)));
        Settings settings = Settings.load(Path.of("none.properties"), System.getenv(), Map.of());
        Path events = Path.of(System.getenv("MUSTER_WORKER_RUN_FOLDER"))
                .resolve(System.getenv("MUSTER_WORKER_NAME") + ".events");
        System.exit(WorkerMain.run(settings, faults, handlers, writeTo(events)));
    }

    private static FaultPoint.Listener breakAt(FaultPoint point, String nth) {
        AtomicInteger calls = new AtomicInteger();
        AtomicInteger times = new AtomicInteger();
        if (nth.equals("LEFT")) {
            return reached -> {
                if (reached == point && LEFT.get() && times.incrementAndGet() == 1) {
                    throw new IllegalStateException("broken on purpose at " + point);
                }
            };
        }
        boolean always = nth.endsWith("+");
        int first = Integer.parseInt(nth.replace("+", ""));
        return reached -> {
            if (reached == FaultPoint.BEFORE_CALL) {
                calls.incrementAndGet();
            }
            if (reached == point && calls.get() >= CALLS_IN_FLIGHT) {
                int now = times.incrementAndGet();
                if (now == first || (always && now > first)) {
                    throw new IllegalStateException("broken on purpose at " + point);
                }
            }
        };
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

    private static Consumer<SupervisionEvent> writeTo(Path file) {
        return event -> {
            if (event instanceof SupervisionEvent.Exited exited
                    && exited.child().equals("intake")) {
                LEFT.set(true);
            }
            String line = switch (event) {
                case SupervisionEvent.Started(var path, var child, var _, var _, var _) ->
                    "started " + path + "/" + child;
                case SupervisionEvent.StartFailed(var path, var child, var _) -> "failed " + path + "/" + child;
                case SupervisionEvent.Exited(var path, var child, var _, var _, var stopped, var _, var _) ->
                    (stopped ? "stopped " : "broke ") + path + "/" + child;
                case SupervisionEvent.Escalated(var path, var child) -> "escalated " + path + "/" + child;
                case SupervisionEvent.Ended(var path, var _) -> "ended " + path;
            };
            append(file, line);
        };
    }

    private static synchronized void append(Path file, String line) {
        try {
            Files.writeString(file, line + "\n", StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
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
