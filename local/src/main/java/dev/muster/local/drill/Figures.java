package dev.muster.local.drill;

import dev.muster.local.trial.Evidence;
import dev.muster.local.trial.Recovery;
import dev.muster.protocol.Json;
import dev.muster.store.AuditReader.FinalJob;
import dev.muster.store.DrillReader.Life;
import dev.muster.store.DrillReader.Owner;
import dev.muster.store.DrillReader.Place;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import tools.jackson.databind.JsonNode;

/** What records say about a round: pure. */
final class Figures {
    private static final Comparator<Instant> TIME = Comparator.naturalOrder();

    private final Records records;
    private final Backlog backlog;

    Figures(Records records) {
        this.records = records;
        this.backlog = new Backlog(records.evidence().finals());
    }

    /** Those of the wanted ones that the round has, and what must not have happened in it. */
    RoundResult of(Round round, Set<Figure> wanted) {
        Injection injection = round.injection();
        Recovery recovery = recovery(injection);
        Map<Figure, Long> figures = new EnumMap<>(Figure.class);
        for (Figure figure : wanted) {
            figure(figure, round, recovery).ifPresent(value -> figures.put(figure, value));
        }
        figures.putAll(injection.own());
        List<String> violations = new ArrayList<>(injection.violations());
        violations.addAll(deaths(round));
        if (recovery.unmeasured() > 0) {
            violations.add(recovery.unmeasured() + " interrupted runs of which nobody wrote down when they went on");
        }
        return new RoundResult(
                figures, recovery.millis().size() + recovery.unmeasured(), violations, notes(round, wanted));
    }

    private static String words(Waits.Wait wait, Instant at) {
        FinalJob job = wait.job();
        return String.format(
                Locale.ROOT,
                "the longest wait was that of job %s of %s%s: ready %,d ms after the fault, claimed %,d, entered %,d",
                job.id(),
                job.queue(),
                job.key().map(key -> ", key " + key).orElse(""),
                millis(at, wait.ready()),
                millis(at, job.claimed()),
                millis(at, job.entered().orElse(job.settled())));
    }

    private List<String> notes(Round round, Set<Figure> wanted) {
        return wanted.contains(Figure.WAIT)
                ? longestWait(round).stream()
                        .map(wait -> words(wait, round.injection().at()))
                        .toList()
                : List.of();
    }

    private Optional<Waits.Wait> longestWait(Round round) {
        return Waits.longest(records.evidence().finals(), round.injection().at(), round.until());
    }

    private Optional<Long> figure(Figure figure, Round round, Recovery recovery) {
        Injection injection = round.injection();
        Instant at = injection.at();
        return switch (figure) {
            case DETECT -> detected(injection).map(when -> millis(at, when));
            case FENCE -> fenced(injection).map(when -> millis(at, when));
            case REASSIGN -> reassigned(injection).map(when -> millis(at, when));
            case RECOVERY -> recovery.millis().stream().min(Comparator.naturalOrder());
            case ALL_RUNNING -> recovery.millis().stream().max(Comparator.naturalOrder());
            case BACKLOG ->
                Optional.of(backlog.backToNormal(at, DrillConfig.CALM, round.until())
                        .toMillis());
            case RESUME -> injection.returned().flatMap(returned -> resumed(at, returned));
            case BACK, CONVICTED -> Optional.empty(); // only the fault itself knows
            case WAIT -> longestWait(round).map(wait -> wait.excess().toMillis());
        };
    }

    /** When the last of the victims was taken for dead, as the coordinator's incidents say. */
    private Optional<Instant> detected(Injection injection) {
        return records.incidents().stream()
                .filter(incident -> injection.victims().contains(incident.subject()))
                .map(incident -> Json.MAPPER.readTree(incident.detail()).path("detected_at"))
                .filter(JsonNode::isString)
                .map(when -> Instant.parse(when.stringValue()))
                .max(TIME);
    }

    private Optional<Instant> fenced(Injection injection) {
        return records.lives().stream()
                .filter(life -> injection.victims().contains(life.incarnation()))
                .map(Life::fencedAt)
                .flatMap(Optional::stream)
                .max(TIME);
    }

    /** When the last of the victims' partitions had its first other owner. Empty where they had none, or one kept some. */
    private Optional<Instant> reassigned(Injection injection) {
        Set<String> victims = injection.victims();
        Map<Place, Owner> held = new HashMap<>();
        Map<Place, Instant> moved = new HashMap<>();
        for (Owner owner : sorted(records.takeovers())) {
            if (!owner.takenAt().isAfter(injection.at())) {
                held.put(owner.place(), owner);
            } else if (!victims.contains(owner.incarnation())) {
                moved.putIfAbsent(owner.place(), owner.takenAt());
            }
        }
        List<Place> lost = held.values().stream()
                .filter(owner -> victims.contains(owner.incarnation()))
                .map(Owner::place)
                .toList();
        return moved.keySet().containsAll(lost) ? lost.stream().map(moved::get).max(TIME) : Optional.empty();
    }

    private static List<Owner> sorted(List<Owner> takeovers) {
        return takeovers.stream().sorted(Comparator.comparing(Owner::takenAt)).toList();
    }

    private Recovery recovery(Injection injection) {
        Evidence all = records.evidence();
        List<Evidence.Kill> kills = injection.victims().stream()
                .map(victim -> new Evidence.Kill(victim, injection.at()))
                .toList();
        return Recovery.of(new Evidence(
                all.submitted(), all.finals(), all.unfinished(), all.interruptions(), all.charges(), kills));
    }

    /** From a server's return until the first job that came after the fault was claimed. */
    private Optional<Long> resumed(Instant fault, Instant returned) {
        return records.evidence().finals().stream()
                .filter(job -> job.submitted().isAfter(fault) && job.claimed().isAfter(returned))
                .map(FinalJob::claimed)
                .min(TIME)
                .map(when -> millis(returned, when));
    }

    /** Lives that ended in the round though nothing was done to them. A quarantine worker goes when nobody is suspected. */
    private List<String> deaths(Round round) {
        Injection injection = round.injection();
        return records.lives().stream()
                .filter(life -> !injection.victims().contains(life.incarnation()))
                .filter(life -> !(DrillStack.isOfQuarantine(life.incarnation())
                        && life.fencedReason().filter("left"::equals).isPresent()))
                .filter(life -> life.fencedAt()
                        .filter(when -> when.isAfter(injection.at()) && when.isBefore(round.until()))
                        .isPresent())
                .map(life -> life.incarnation() + " ended ("
                        + life.fencedReason().orElse("") + ") though nothing was done to it")
                .toList();
    }

    private static long millis(Instant from, Instant to) {
        return Math.max(0, Duration.between(from, to).toMillis());
    }
}
