package dev.muster.worker.lane;

import dev.muster.job.JobId;
import dev.muster.store.Claim;
import dev.muster.store.PartitionEpoch;
import dev.muster.store.RunningJob;
import dev.muster.store.StoreException;
import dev.muster.worker.FaultPoint;
import dev.muster.worker.intake.SubmissionReader;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A lane's claims: picked records become durable in one statement, and run or wait. Confined to the lane's thread. */
final class Claims {
    private static final Logger LOG = LoggerFactory.getLogger(Claims.class);

    private final LaneParts parts;
    private final IntakePort intake;
    private final Runs runs;
    private final HoldBack holdBack;
    private final List<PartitionEpoch> refusals = new ArrayList<>();
    private boolean waiting;

    Claims(LaneParts parts, IntakePort intake, Runs runs, HoldBack holdBack) {
        this.parts = parts;
        this.intake = intake;
        this.runs = runs;
        this.holdBack = holdBack;
    }

    /**
     * Claims records whose slots are taken; slots of what does not run are released.
     *
     * @return true if some of them wait in the table now
     */
    boolean claim(List<Picks.Pick> picks) {
        waiting = false;
        claimAll(picks);
        return waiting;
    }

    /** Puts refused claims on record, apart from the claim: the record must not change what the refusal did. */
    void storeRefusals() {
        if (!refusals.isEmpty()) {
            parts.store().rejectedClaim(List.copyOf(refusals));
            refusals.clear();
        }
    }

    /** A batch that Postgres refuses is halved until the bad record stands alone. */
    private void claimAll(List<Picks.Pick> picks) {
        try {
            claimAtOnce(picks);
        } catch (StoreException e) {
            if (e.code() != StoreException.Code.BAD_DATA) {
                release(picks);
                throw e;
            }
            if (picks.size() > 1) {
                claimHalves(picks);
            } else {
                Picks.Pick bad = picks.getFirst();
                String why = e.getMessage() == null ? "" : e.getMessage();
                LOG.atWarn()
                        .addKeyValue("partition", Partitions.name(bad.from().partition()))
                        .addKeyValue("offset", bad.record().offset())
                        .log("Postgres refuses this record; it becomes a dead job: {}", why);
                claimRefused(new Picks.Pick(bad.from(), bad.record(), SubmissionReader.refused(bad.entry(), why)));
            }
        }
    }

    private void claimRefused(Picks.Pick dead) {
        try {
            claimAtOnce(List.of(dead));
        } catch (StoreException e) {
            release(List.of(dead)); // it is polled again, and takes a slot again
            throw e;
        }
    }

    private void claimHalves(List<Picks.Pick> picks) {
        int middle = picks.size() / 2;
        try {
            claimAll(picks.subList(0, middle));
        } catch (StoreException e) {
            release(picks.subList(middle, picks.size()));
            throw e;
        }
        // A partition that turned out not to be ours has nothing more to claim.
        List<Picks.Pick> rest = picks.subList(middle, picks.size()).stream()
                .filter(pick -> pick.from().isTaken())
                .toList();
        release(picks.subList(middle, picks.size()).stream()
                .filter(pick -> !pick.from().isTaken())
                .toList());
        if (!rest.isEmpty()) {
            claimAll(rest);
        }
    }

    private void release(List<Picks.Pick> picks) {
        picks.forEach(pick -> parts.shares().release(pick.from().partition().queue(), 1));
    }

    private void claimAtOnce(List<Picks.Pick> picks) {
        Map<Held, Integer> spanOf = new LinkedHashMap<>();
        Map<Held, Long> end = new HashMap<>();
        List<Claim.Entry> entries = new ArrayList<>(picks.size());
        for (Picks.Pick pick : picks) {
            int span = spanOf.computeIfAbsent(pick.from(), h -> spanOf.size());
            end.put(pick.from(), pick.record().offset() + 1);
            entries.add(pick.entry().inSpan(span));
        }
        List<Claim.Span> spans = spanOf.keySet().stream()
                .map(h -> new Claim.Span(h.partition(), h.position(), end.getOrDefault(h, h.position())))
                .toList();
        List<String> shut = shut(entries);
        parts.faults().reached(FaultPoint.BEFORE_CLAIM);
        long started = parts.ticker().nanos();
        List<Claim.Answer> answers = parts.store().claim(new Claim(spans, entries), shut, groups(entries));
        parts.meters().database("claim", started);
        parts.faults().reached(FaultPoint.AFTER_CLAIM);
        written(picks, entries, answers, spans, spanOf.keySet());
        for (int i = 0; i < picks.size(); i++) {
            if (answers.get(i).verdict() == Claim.Verdict.WAITING
                    && shut.contains(entries.get(i).type())) {
                holdBack.setAside(entries.get(i).type());
            }
        }
    }

    /** The types among them that would only be parked. */
    private List<String> shut(List<Claim.Entry> entries) {
        return entries.stream()
                .map(Claim.Entry::type)
                .distinct()
                .filter(parts.parked())
                .toList();
    }

    private Map<String, Integer> groups(List<Claim.Entry> entries) {
        return entries.stream().anyMatch(e -> e.orderKey().isPresent()) ? runs.groups() : Map.of();
    }

    private void written(
            List<Picks.Pick> picks,
            List<Claim.Entry> entries,
            List<Claim.Answer> answers,
            List<Claim.Span> spans,
            Collection<Held> partitions) {
        Map<Held, Integer> counts = new HashMap<>();
        List<PartitionEpoch> refused = new ArrayList<>();
        Map<String, List<RunningJob>> started = new LinkedHashMap<>();
        Map<JobId, List<RunningJob>> joined = new LinkedHashMap<>();
        for (int i = 0; i < picks.size(); i++) {
            Held from = picks.get(i).from();
            Claim.Entry entry = entries.get(i);
            Claim.Answer answer = answers.get(i);
            parts.meters().claimed(entry, answer.verdict());
            switch (answer.verdict()) {
                case STARTED -> {
                    RunningJob job = job(from, entry);
                    if (entry.orderKey().isEmpty()) {
                        runs.start(List.of(job));
                    } else {
                        started.computeIfAbsent(Runs.key(job), _ -> new ArrayList<>())
                                .add(job);
                    }
                }
                case JOINED -> {
                    RunningJob job = job(from, entry);
                    joined.computeIfAbsent(answer.behind().orElseThrow(), _ -> new ArrayList<>())
                            .add(job);
                    parts.shares().release(from.partition().queue(), 1);
                }
                case WAITING -> {
                    waiting = true;
                    parts.shares().release(from.partition().queue(), 1);
                }
                case DUPLICATE, DEAD, CANCELLED ->
                    parts.shares().release(from.partition().queue(), 1);
                case NOT_OWNER -> {
                    parts.shares().release(from.partition().queue(), 1);
                    if (!refused.contains(from.partition())) {
                        refused.add(from.partition());
                    }
                    continue;
                }
            }
            counts.merge(from, 1, Integer::sum);
        }
        started.values().forEach(group -> {
            parts.shares().release(group.getFirst().place().queue(), group.size() - 1); // they need one together
            runs.start(group);
        });
        joined.forEach(runs::join);
        int i = 0;
        for (Held from : partitions) {
            Claim.Span span = spans.get(i++);
            if (refused.contains(from.partition())) {
                from.doubt();
                parts.meters().refusedClaim();
            } else {
                int count = counts.getOrDefault(from, 0);
                from.claimed(count, span.to());
                parts.demand().buffered(from.partition().queue(), -count);
                intake.claimed(from.partition(), span.to());
            }
        }
        if (!refused.isEmpty()) {
            LOG.atWarn()
                    .addKeyValue("partitions", refused)
                    .log("A claim was refused: these partitions have another owner");
            refusals.addAll(refused);
        }
    }

    private static RunningJob job(Held from, Claim.Entry entry) {
        PartitionEpoch p = from.partition();
        return new RunningJob(
                entry.id(),
                entry.type(),
                1,
                new RunningJob.Place(p.queue(), p.partition(), entry.offset()),
                entry.orderKey(),
                RunningJob.Budget.unspent(entry.terms().maxFailures()),
                new RunningJob.Times(entry.terms().submittedAt(), entry.terms().deadline()),
                entry.bytes());
    }
}
