package dev.muster.coordinator.http;

import dev.muster.coordinator.liveness.LivenessState;
import dev.muster.coordinator.liveness.LivenessState.Watched;
import dev.muster.coordinator.liveness.WorkerStatus;
import dev.muster.coordinator.pressure.Lag;
import dev.muster.coordinator.pressure.LagLoop;
import dev.muster.coordinator.stats.Statistics;
import dev.muster.coordinator.stats.Tally;
import dev.muster.fleet.Heartbeat;
import dev.muster.fleet.Incarnation;
import dev.muster.protocol.Json;
import dev.muster.store.IncidentStore.Incident;
import dev.muster.store.LeaseStore;
import dev.muster.store.StoreException;
import dev.muster.time.Ticker;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** What the API shows, as JSON objects. Thread-safe. */
final class Views {
    private static final Duration CHART = Duration.ofMinutes(2);

    private final HttpApi.Sources from;
    private final LeaseStore leases;
    private final Ticker ticker;

    Views(HttpApi.Sources from, Ticker ticker) {
        this.from = from;
        this.leases = new LeaseStore(from.database());
        this.ticker = ticker;
    }

    /** What keeps this coordinator from being of use, if anything does. */
    Optional<String> trouble() {
        try {
            // A standby is ready as well: it takes over as soon as it may.
            return leases.current().isPresent() ? Optional.empty() : Optional.of("no coordinator leads yet");
        } catch (StoreException e) {
            return Optional.of("Postgres does not answer");
        }
    }

    Map<String, @Nullable Object> overview() {
        LivenessState state = from.liveness().state();
        LagLoop.Backlog backlog = from.lag().backlog();
        Map<String, Long> workers = new TreeMap<>();
        for (WorkerStatus status : WorkerStatus.values()) {
            workers.put(
                    status.wireName(),
                    state.workers().values().stream()
                            .filter(w -> w.status() == status)
                            .count());
        }
        List<Heartbeat> heard = state.workers().values().stream()
                .flatMap(w -> w.last().stream())
                .toList();
        Map<String, @Nullable Object> view = new LinkedHashMap<>();
        view.put("now", ticker.now().toString());
        view.put("coordinator", from.leadership().name());
        view.put("leads", from.leadership().epoch().isPresent());
        view.put("leader", leader().orElse(null));
        view.put("health", health(state).orElse("healthy"));
        view.put("workers", workers);
        view.put("slots", heard.stream().mapToInt(Heartbeat::slots).sum());
        view.put("busy", heard.stream().mapToInt(Heartbeat::running).sum());
        view.put("running", backlog.running());
        view.put("waiting", backlog.waiting());
        view.put("lag", backlog.queues().stream().mapToLong(Lag::records).sum());
        view.put("circuits", circuits(heard));
        view.put("statistics", from.statistics().state());
        return view;
    }

    Map<String, Object> fleet() {
        long now = ticker.nanos();
        List<Map<String, @Nullable Object>> workers = new ArrayList<>();
        new TreeMap<>(from.liveness().state().workers())
                .forEach((incarnation, watched) -> workers.add(worker(incarnation, watched, now)));
        return Map.of("workers", workers);
    }

    Map<String, Object> incidents(int limit) {
        return Map.of(
                "incidents",
                from.incidents().recent(limit).stream().map(Views::incident).toList());
    }

    Map<String, Object> queues() {
        return Map.of(
                "queues",
                from.lag().backlog().queues().stream().map(Views::queue).toList());
    }

    /** Seconds of the last two minutes, all queues together, and the last hour per queue. */
    Map<String, Object> stats() {
        Instant now = ticker.now().truncatedTo(ChronoUnit.SECONDS);
        Map<Instant, Tally> counted = Statistics.together(from.statistics().seconds(now.minus(CHART), now));
        List<Map<String, Object>> seconds = new ArrayList<>();
        for (Instant at = now.minus(CHART); at.isBefore(now); at = at.plusSeconds(1)) {
            Tally tally = counted.getOrDefault(at, Tally.none());
            seconds.add(Map.of("from", at.toString(), "finished", tally.finished(), "outcomes", tally.outcomes()));
        }
        Map<String, Tally> perQueue = new TreeMap<>();
        Tally all = Tally.none();
        for (Statistics.Point point : from.statistics().minutes(now.minus(Duration.ofHours(1)), now)) {
            perQueue.merge(point.queue(), point.tally(), Tally::plus);
        }
        for (Tally tally : counted.values()) {
            all = all.plus(tally);
        }
        Map<String, Object> hour = new TreeMap<>();
        perQueue.forEach((queue, tally) -> hour.put(queue, tally(tally)));
        return Map.of("state", from.statistics().state(), "seconds", seconds, "two_minutes", tally(all), "hour", hour);
    }

    private Optional<Map<String, Object>> leader() {
        try {
            return leases.current().map(lease -> Map.of("name", lease.holder(), "epoch", lease.epoch()));
        } catch (StoreException e) {
            return Optional.empty();
        }
    }

    private Optional<String> health(LivenessState state) {
        Optional<String> trouble = trouble();
        if (trouble.isPresent()) {
            return trouble;
        }
        if (state.hold().isPresent()) {
            return Optional.of("most workers are silent");
        }
        long bad = state.workers().values().stream()
                .filter(w -> w.status() == WorkerStatus.SUSPECT || w.status() == WorkerStatus.LOST)
                .count();
        if (bad > 0) {
            return Optional.of(bad + (bad == 1 ? " worker is silent" : " workers are silent"));
        }
        return state.workers().isEmpty() ? Optional.of("no worker runs") : Optional.empty();
    }

    private static Map<String, String> circuits(List<Heartbeat> heard) {
        Map<String, String> worst = new TreeMap<>();
        heard.forEach(
                heartbeat -> heartbeat.circuits().forEach((name, state) -> worst.merge(name, state, Views::worse)));
        return worst;
    }

    private static String worse(String a, String b) {
        List<String> order = List.of("closed", "half_open", "open");
        return order.indexOf(a) >= order.indexOf(b) ? a : b;
    }

    private static Map<String, @Nullable Object> worker(Incarnation incarnation, Watched watched, long nowNanos) {
        Map<String, @Nullable Object> view = new LinkedHashMap<>();
        view.put("worker", incarnation.worker());
        view.put("incarnation", incarnation.id());
        view.put("state", watched.status().wireName());
        view.put("heartbeat_age_ms", watched.heard() ? (nowNanos - watched.freshSinceNanos()) / 1_000_000 : null);
        watched.last().ifPresent(heartbeat -> {
            view.put("pool", heartbeat.pool());
            view.put("phase", heartbeat.phase().name().toLowerCase(java.util.Locale.ROOT));
            view.put("host", heartbeat.host());
            view.put("pid", heartbeat.pid());
            view.put("health_port", heartbeat.healthPort());
            view.put("slots", heartbeat.slots());
            view.put("running", heartbeat.running());
            view.put("counters", heartbeat.counters());
            view.put("circuits", heartbeat.circuits());
        });
        return view;
    }

    private static Map<String, @Nullable Object> incident(Incident incident) {
        Map<String, @Nullable Object> view = new LinkedHashMap<>();
        view.put("id", incident.id());
        view.put("kind", incident.kind());
        view.put("subject", incident.subject());
        view.put("summary", incident.summary());
        view.put("detail", Json.MAPPER.readTree(incident.detail()));
        view.put("opened_at", incident.openedAt().toString());
        Instant closed = incident.closedAt();
        view.put("closed_at", closed == null ? null : closed.toString());
        view.put("epoch", incident.epoch());
        return view;
    }

    private static Map<String, @Nullable Object> queue(Lag lag) {
        Map<String, @Nullable Object> view = new LinkedHashMap<>();
        view.put("queue", lag.queue());
        view.put("pool", lag.pool());
        view.put("paused", lag.paused());
        view.put("lag", lag.records());
        view.put("claimed_per_second", lag.claimedPerSecond());
        view.put(
                "seconds_to_drain",
                lag.secondsToDrain().isPresent() ? lag.secondsToDrain().getAsLong() : null);
        view.put(
                "partitions",
                lag.partitions().stream()
                        .map(p -> Map.of("partition", p.partition(), "lag", p.records(), "owner", p.owner()))
                        .toList());
        return view;
    }

    private static Map<String, Object> tally(Tally tally) {
        return Map.of(
                "outcomes", tally.outcomes(),
                "finished", tally.finished(),
                "error_rate", tally.errorRate(),
                "average_seconds", tally.averageSeconds(),
                "p50_seconds", finite(tally.quantileSeconds(0.5)),
                "p95_seconds", finite(tally.quantileSeconds(0.95)),
                "p99_seconds", finite(tally.quantileSeconds(0.99)));
    }

    /** JSON has no infinity: what lies above the last bound shows as twice that bound. */
    private static double finite(double seconds) {
        return Double.isInfinite(seconds) ? 2 * Tally.BOUNDS.getLast() : seconds;
    }
}
