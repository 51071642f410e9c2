package dev.muster.coordinator.liveness;

import dev.muster.coordinator.liveness.LivenessState.Hold;
import dev.muster.coordinator.liveness.LivenessState.Probe;
import dev.muster.coordinator.liveness.LivenessState.Watched;
import dev.muster.fleet.Heartbeat;
import dev.muster.fleet.Incarnation;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * Says who is alive. Receive time decides, by this coordinator's monotonic clock. Silence counts only when the topic was
 * read to its end; a worker is lost on two facts only, silence and a dead health port; after a pause of the coordinator
 * itself everybody gets a full fresh window; and when more than half of three or more fall silent together, it is
 * rather Kafka, the network or the coordinator that has failed, so the verdicts are held for a while. A function of its
 * inputs. Immutable.
 */
public final class LivenessDecider {
    private static final int FEWEST_FOR_HOLD = 3;

    private final LivenessConfig config;

    public LivenessDecider(LivenessConfig config) {
        this.config = config;
    }

    /** What to remember, and what to do, in order. */
    public record Decision(LivenessState next, List<LivenessEffect> effects) {
        public Decision {
            effects = List.copyOf(effects);
        }
    }

    /** What follows from an event. Total: an event about nobody it knows changes nothing. */
    public Decision decide(LivenessState state, LivenessEvent event, long nowNanos) {
        return switch (event) {
            case LivenessEvent.Heard(Heartbeat heartbeat) -> heard(state, heartbeat, nowNanos);
            case LivenessEvent.Expected(Incarnation incarnation, Optional<HealthAddress> health) ->
                unchanged(expected(state, incarnation, health, nowNanos));
            case LivenessEvent.Ended(Incarnation incarnation) -> unchanged(state.without(incarnation));
            case LivenessEvent.Known(Set<Incarnation> live) -> unchanged(state.only(live));
            case LivenessEvent.Probed(Incarnation incarnation, boolean answered) ->
                unchanged(probed(state, incarnation, answered));
            case LivenessEvent.FreshStart() -> unchanged(fresh(state, nowNanos));
            case LivenessEvent.Tick(boolean readToEnd) -> tick(state, readToEnd, nowNanos);
        };
    }

    /** True when somebody has been silent for long enough that it matters whether the topic was read to its end. */
    public boolean isAnyoneSilent(LivenessState state, long nowNanos) {
        return state.workers().values().stream()
                .anyMatch(w ->
                        nowNanos - w.freshSinceNanos() >= config.suspectAfter().toNanos());
    }

    private Decision heard(LivenessState state, Heartbeat heartbeat, long nowNanos) {
        Incarnation incarnation = heartbeat.incarnation();
        if (state.ended().contains(incarnation)) {
            return unchanged(state);
        }
        Watched before = state.workers().get(incarnation);
        if (before != null && before.status() == WorkerStatus.LOST) {
            // RACE: recovery has begun, and a fence is for good. The worker finds itself fenced and ends.
            return unchanged(state);
        }
        Optional<HealthAddress> health = heartbeat.healthPort() > 0
                ? Optional.of(new HealthAddress(heartbeat.host(), heartbeat.healthPort()))
                : Optional.empty();
        Watched after = new Watched(WorkerStatus.HEALTHY, nowNanos, true, Probe.none(), health, Optional.of(heartbeat));
        List<LivenessEffect> effects = before == null || before.status() == WorkerStatus.HEALTHY
                ? List.of()
                : List.of(changed(incarnation, before, WorkerStatus.HEALTHY, nowNanos));
        return new Decision(state.with(incarnation, after), effects);
    }

    private static LivenessState expected(
            LivenessState state, Incarnation incarnation, Optional<HealthAddress> health, long nowNanos) {
        if (state.ended().contains(incarnation)) {
            return state;
        }
        Watched watched = state.workers().get(incarnation);
        if (watched == null) {
            Watched starting = new Watched(
                    WorkerStatus.STARTING, nowNanos, false, Probe.none(), Optional.empty(), Optional.empty());
            return state.with(
                    incarnation,
                    health.map(address -> starting.listeningAt(address, nowNanos))
                            .orElse(starting));
        }
        boolean isNews =
                watched.status() == WorkerStatus.STARTING && watched.health().isEmpty() && health.isPresent();
        return isNews ? state.with(incarnation, watched.listeningAt(health.get(), nowNanos)) : state;
    }

    private static LivenessState probed(LivenessState state, Incarnation incarnation, boolean answered) {
        Watched watched = state.workers().get(incarnation);
        if (watched == null || watched.status() != WorkerStatus.SUSPECT) {
            return state; // it spoke in the meantime, or is gone
        }
        return state.with(incarnation, watched.with(watched.probe().answered(answered)));
    }

    private static LivenessState fresh(LivenessState state, long nowNanos) {
        Map<Incarnation, Watched> workers = new HashMap<>();
        state.workers().forEach((incarnation, watched) -> workers.put(incarnation, watched.freshAt(nowNanos)));
        return state.with(workers).with(Optional.empty());
    }

    private Decision tick(LivenessState state, boolean readToEnd, long nowNanos) {
        boolean paused = state.lastTickNanos()
                .filter(last -> nowNanos - last > config.ownPause().toNanos())
                .isPresent();
        LivenessState ticked = state.tickedAt(nowNanos);
        if (paused) {
            return unchanged(fresh(ticked, nowNanos));
        }
        if (!readToEnd) {
            return unchanged(ticked);
        }
        List<LivenessEffect> effects = new ArrayList<>();
        LivenessState suspected = suspect(ticked, nowNanos, effects);
        LivenessState held = hold(suspected, nowNanos, effects);
        LivenessState judged = judge(held, nowNanos, effects);
        return new Decision(ask(judged, nowNanos, effects), effects);
    }

    /**
     * Who was silent for too long becomes suspect: who was heard once, and who has not spoken yet but said where it
     * listens. Of any other start only the end of its window is known.
     */
    private LivenessState suspect(LivenessState state, long nowNanos, List<LivenessEffect> effects) {
        Map<Incarnation, Watched> workers = new HashMap<>(state.workers());
        sorted(state).forEach((incarnation, watched) -> {
            if (nowNanos - watched.freshSinceNanos() < config.suspectAfter().toNanos()) {
                return;
            }
            boolean listensUnheard = watched.status() == WorkerStatus.STARTING
                    && watched.health().isPresent();
            if (watched.status() == WorkerStatus.HEALTHY || listensUnheard) {
                effects.add(changed(incarnation, watched, WorkerStatus.SUSPECT, nowNanos));
                workers.put(incarnation, watched.with(WorkerStatus.SUSPECT));
            }
        });
        return state.with(workers);
    }

    /** The health port of each suspect is asked, again and again. */
    private LivenessState ask(LivenessState state, long nowNanos, List<LivenessEffect> effects) {
        Map<Incarnation, Watched> workers = new HashMap<>(state.workers());
        sorted(state).forEach((incarnation, watched) -> {
            if (watched.status() == WorkerStatus.SUSPECT
                    && !isAsked(watched.probe(), nowNanos)
                    && hasPassed(watched.probe(), config.probeAgain(), nowNanos)) {
                effects.add(new LivenessEffect.Probe(incarnation));
                workers.put(incarnation, watched.with(watched.probe().askedAt(nowNanos)));
            }
        });
        return state.with(workers);
    }

    /** True while an answer may still come: it takes as long as the patience of who asks, and not twice as long. */
    private boolean isAsked(Probe probe, long nowNanos) {
        return probe.open() && !hasPassed(probe, config.probeAgain().multipliedBy(2), nowNanos);
    }

    private static boolean hasPassed(Probe probe, Duration time, long nowNanos) {
        return probe.askedAtNanos().map(at -> nowNanos - at >= time.toNanos()).orElse(true);
    }

    private LivenessState hold(LivenessState state, long nowNanos, List<LivenessEffect> effects) {
        Set<Incarnation> silent = silentTogether(state);
        long heard = state.workers().values().stream().filter(Watched::heard).count();
        boolean isMass = heard >= FEWEST_FOR_HOLD && silent.size() * 2L > heard;
        if (state.hold().isEmpty()) {
            if (!isMass) {
                return state;
            }
            effects.add(new LivenessEffect.HoldBegan(silent, Math.toIntExact(heard)));
            return state.with(Optional.of(new Hold(nowNanos, false)));
        }
        Hold hold = state.hold().get();
        Duration lasted = Duration.ofNanos(nowNanos - hold.sinceNanos());
        if (!isMass) {
            if (hold.spent()) {
                return state.with(Optional.empty());
            }
            effects.add(new LivenessEffect.HoldEnded(lasted, true));
            return fresh(state, nowNanos);
        }
        if (!hold.spent() && lasted.compareTo(config.longestHold()) >= 0) {
            effects.add(new LivenessEffect.HoldEnded(lasted, false));
            return state.with(Optional.of(new Hold(hold.sinceNanos(), true)));
        }
        return state;
    }

    /** The suspects that fell silent within the mass window of the one that fell silent last. */
    private Set<Incarnation> silentTogether(LivenessState state) {
        Map<Incarnation, Watched> suspects = state.workers().entrySet().stream()
                .filter(entry -> entry.getValue().status() == WorkerStatus.SUSPECT)
                .filter(entry -> entry.getValue().heard())
                .collect(Collectors.toMap(Map.Entry::getKey, Map.Entry::getValue));
        Optional<Long> latest =
                suspects.values().stream().map(Watched::freshSinceNanos).reduce((a, b) -> b - a > 0 ? b : a);
        return latest.map(last -> suspects.entrySet().stream()
                        .filter(entry -> last - entry.getValue().freshSinceNanos()
                                <= config.massWindow().toNanos())
                        .map(Map.Entry::getKey)
                        .collect(Collectors.toSet()))
                .orElse(Set.of());
    }

    private LivenessState judge(LivenessState state, long nowNanos, List<LivenessEffect> effects) {
        boolean isHeld = state.hold().filter(hold -> !hold.spent()).isPresent();
        if (isHeld) {
            return state;
        }
        Map<Incarnation, Watched> workers = new HashMap<>(state.workers());
        sorted(state).forEach((incarnation, watched) -> {
            if (isLost(watched, nowNanos)) {
                effects.add(changed(incarnation, watched, WorkerStatus.LOST, nowNanos));
                effects.add(new LivenessEffect.Lost(incarnation, silence(watched, nowNanos)));
                workers.put(incarnation, watched.with(WorkerStatus.LOST));
            }
        });
        return state.with(workers);
    }

    private boolean isLost(Watched watched, long nowNanos) {
        Duration silence = silence(watched, nowNanos);
        return switch (watched.status()) {
            case STARTING -> silence.compareTo(config.startWindow()) >= 0;
            case SUSPECT -> {
                Duration limit = watched.heard() ? config.lostAfter() : config.lostUnheardAfter();
                // RACE: what nobody answered a moment ago is not how it is now. Whoever has stood still until then
                // and goes on answers the asking that is under way, though its heartbeat is still on its way.
                boolean isSilentAndDead =
                        silence.compareTo(limit) >= 0 && watched.probe().dead() && !isAsked(watched.probe(), nowNanos);
                // One that listens and never speaks has not started, whatever its port says.
                boolean neverStarted = !watched.heard() && silence.compareTo(config.startWindow()) >= 0;
                yield isSilentAndDead || neverStarted;
            }
            case HEALTHY, LOST -> false;
        };
    }

    private static LivenessEffect changed(Incarnation incarnation, Watched watched, WorkerStatus to, long nowNanos) {
        return new LivenessEffect.Changed(incarnation, watched.status(), to, silence(watched, nowNanos));
    }

    private static Duration silence(Watched watched, long nowNanos) {
        return Duration.ofNanos(nowNanos - watched.freshSinceNanos());
    }

    /** In the order of names, so that the same events always give the same effects. */
    private static Map<Incarnation, Watched> sorted(LivenessState state) {
        return new TreeMap<>(state.workers());
    }

    private static Decision unchanged(LivenessState state) {
        return new Decision(state, List.of());
    }
}
