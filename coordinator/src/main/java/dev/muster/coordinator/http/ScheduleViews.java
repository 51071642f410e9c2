package dev.muster.coordinator.http;

import dev.muster.schedule.Schedule;
import dev.muster.store.ScheduleStore;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Schedules as JSON objects. Never the payload, as with jobs. Thread-safe. */
final class ScheduleViews {
    private final ScheduleStore store;

    ScheduleViews(ScheduleStore store) {
        this.store = store;
    }

    Map<String, Object> list(int limit) {
        return Map.of(
                "schedules", store.list(limit).stream().map(this::schedule).toList());
    }

    private Map<String, @Nullable Object> schedule(Schedule schedule) {
        List<ScheduleStore.Fired> last = store.firings(schedule.name(), 1);
        Map<String, @Nullable Object> view = new LinkedHashMap<>();
        view.put("name", schedule.name());
        view.put("cron", schedule.timing().cron());
        view.put("zone", schedule.timing().zone());
        view.put("missed", schedule.timing().missed().wireName());
        view.put("queue", schedule.job().queue());
        view.put("type", schedule.job().type());
        view.put("key", schedule.job().key().orElse(null));
        view.put("paused", schedule.standing().paused());
        view.put("next_fire_at", schedule.standing().nextFireAt().toString());
        view.put("created_at", schedule.standing().createdAt().toString());
        view.put("last_fire_at", last.isEmpty() ? null : last.getFirst().time().toString());
        view.put("last_job_id", last.isEmpty() ? null : last.getFirst().jobId().toString());
        return view;
    }
}
