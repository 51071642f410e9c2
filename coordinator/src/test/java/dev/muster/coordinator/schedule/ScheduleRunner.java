package dev.muster.coordinator.schedule;

import dev.muster.config.Settings;
import dev.muster.coordinator.leadership.Leadership;
import dev.muster.store.Database;
import dev.muster.store.LeaseStore;
import dev.muster.store.ScheduleStore;
import dev.muster.time.Ticker;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;

/** Of a coordinator only what fires schedules, as a process that can be killed. */
public final class ScheduleRunner {
    private ScheduleRunner() {}

    public static void main(String[] args) throws Exception {
        Settings settings = Settings.load(Path.of("none.properties"), System.getenv(), Map.of());
        MeterRegistry meters = new SimpleMeterRegistry();
        try (Database database = Database.open(settings, args[0], 3, Optional.empty());
                Leadership leadership = new Leadership(
                        new LeaseStore(database), args[0], Duration.ofSeconds(1), Ticker.system(), meters);
                ScheduleLoop schedules = new ScheduleLoop(new ScheduleStore(database), leadership, meters)) {
            leadership.start();
            schedules.start();
            new CountDownLatch(1).await();
        }
    }
}
