package dev.muster.bench;

import dev.muster.bench.trial.Timeline;
import dev.muster.bench.trial.Trial;
import dev.muster.time.Ticker;
import java.sql.Connection;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Lets a contestant drain a topic that was filled before the clock starts, and reads what that has cost: from the begin
 * of the first job to the end of the last. Confined to one thread.
 */
final class Drain {
    private static final int LOOK_MILLIS = 20;
    /** The JIT compiler is done with most of its work by then. */
    private static final long WARM_UP_MILLIS = 3_000;

    private static final int LIMIT_SECONDS = 280;
    /** Scheduled jobs wait all of them before they are due: the time for that, by what a slow machine takes. */
    private static final Duration AHEAD = Duration.ofSeconds(30);

    private static final int TAKEN_PER_SECOND = 2_000;

    private final BenchServers servers;
    private final Ticker ticker = Ticker.system();

    private final boolean profiled;
    private List<String> profile = List.of();

    /** @param profiled whether Postgres is asked where its time and its WAL went; costs some of both */
    Drain(BenchServers servers, boolean profiled) {
        this.servers = servers;
        this.profiled = profiled;
    }

    /** What Postgres says of the last run. */
    List<String> profile() {
        return profile;
    }

    /** Processor time of every party at one moment, in s. */
    private record Reading(long at, Map<String, Double> seconds, double machine) {}

    DrainResult run(String contestant, Trial trial, Workload workload, long jobs) throws Exception {
        try (trial;
                Connection look = servers.connect("postgres")) {
            BenchSql.requireDurable(look);
            trial.prepare();
            Optional<Instant> due = workload == Workload.SCHEDULED
                    ? Optional.of(ticker.now().plus(AHEAD).plusSeconds(jobs / TAKEN_PER_SECOND))
                    : Optional.empty();
            trial.preload(new Load(workload, trial.queue(), due), jobs);
            try (Connection own = servers.connect(trial.queue())) {
                BenchSql.settleDown(own);
            }
            trial.standBy();
            if (!profiled) {
                return measure(contestant, trial, jobs, due, look);
            }
            String from = ProfileSql.begin(look);
            DrainResult result = measure(contestant, trial, jobs, due, look);
            profile = ProfileSql.lines(look, from, jobs);
            return result;
        }
    }

    private DrainResult measure(String contestant, Trial trial, long jobs, Optional<Instant> due, Connection look)
            throws Exception {
        Map<String, Long> memory = new LinkedHashMap<>();
        if (due.isPresent()) {
            trial.start();
            awaitDue(trial, jobs, due.get());
            memory(trial).forEach((what, most) -> memory.put(what + " before the jobs were due", most));
        }
        long walBefore = BenchSql.walBytes(look);
        Reading before = read(trial);
        if (due.isEmpty()) {
            trial.start();
        }
        Reading warm = before;
        while (!trial.isDone(jobs)) {
            Pause.millis(LOOK_MILLIS);
            if (warm.equals(before) && ticker.now().toEpochMilli() - before.at() > WARM_UP_MILLIS + 1_500) {
                warm = read(trial);
            }
            if (ticker.now().toEpochMilli() - before.at() > LIMIT_SECONDS * 1_000L) {
                throw new IllegalStateException(contestant + " is not done after " + LIMIT_SECONDS + " s");
            }
        }
        Reading after = read(trial);
        long walAfter = BenchSql.walBytes(look);
        memory.putAll(memory(trial));
        Map<String, Long> statements = trial.statements();
        Reading rested = trial.rest() ? read(trial) : after;
        long walRested = BenchSql.walBytes(look);
        Timeline all = trial.timeline();
        Timeline timeline = due.map(all::dueAt).orElse(all);
        if (timeline.jobs() < jobs) {
            throw new IllegalStateException(
                    contestant + " is done, and " + (jobs - timeline.jobs()) + " jobs have not succeeded");
        }
        DrainResult.Cost whole = cost(before, after, walAfter - walBefore, timeline.jobs());
        DrainResult.Cost steady = cost(warm, after, 0, timeline.jobsAfter(warm.at()));
        DrainResult.Cost rest = cost(before, rested, walRested - walBefore, timeline.jobs());
        return new DrainResult(
                contestant,
                timeline.jobs(),
                timeline.seconds(),
                steadyRate(timeline),
                whole,
                steady,
                rest,
                (rested.at() - timeline.ended()) / 1e3,
                statements,
                memory);
    }

    private void awaitDue(Trial trial, long jobs, Instant due) throws Exception {
        while (!trial.isTaken(jobs)) {
            Pause.millis(LOOK_MILLIS);
            if (ticker.now().isAfter(due)) {
                throw new IllegalStateException("some of the jobs were due before they waited; take fewer");
            }
        }
        Pause.millis(Math.max(0, ticker.now().until(due, ChronoUnit.MILLIS)));
    }

    private static double steadyRate(Timeline timeline) {
        long from = timeline.begun() + WARM_UP_MILLIS;
        return timeline.ended() - from < 1_000
                ? Double.NaN
                : timeline.jobsAfter(from) * 1e3 / (timeline.ended() - from);
    }

    private static DrainResult.Cost cost(Reading from, Reading to, long wal, long jobs) {
        Map<String, Double> per = new LinkedHashMap<>();
        double ours = 0;
        for (Map.Entry<String, Double> entry : to.seconds().entrySet()) {
            double seconds = entry.getValue() - from.seconds().getOrDefault(entry.getKey(), 0.0);
            ours += seconds;
            per.put(entry.getKey(), seconds * 1_000 / jobs);
        }
        double others = to.machine() - from.machine() - ours;
        return new DrainResult.Cost(per, (double) wal / jobs, others * 1e3 / Math.max(1, to.at() - from.at()));
    }

    private Reading read(Trial trial) {
        Map<String, Double> seconds = new LinkedHashMap<>();
        trial.processes()
                .forEach((what, pids) -> seconds.put(
                        what, pids.stream().mapToDouble(Cpu::secondsOfTree).sum()));
        seconds.put("postgres", Cpu.secondsOfTree(servers.postgresPid()));
        seconds.put("kafka", Cpu.secondsOfTree(servers.kafkaPid()));
        return new Reading(ticker.now().toEpochMilli(), seconds, Cpu.secondsOfMachine());
    }

    private Map<String, Long> memory(Trial trial) {
        Map<String, Long> megabytes = new LinkedHashMap<>();
        for (Map.Entry<String, List<Long>> entry : trial.processes().entrySet()) {
            megabytes.put(
                    entry.getKey(),
                    entry.getValue().stream().mapToLong(Cpu::peakMegabytes).sum());
        }
        return megabytes;
    }
}
