package dev.muster.local.drill;

import dev.muster.config.Setting;
import dev.muster.job.JobId;
import dev.muster.job.JobState;
import dev.muster.local.crash.CrashHandler;
import dev.muster.local.crash.CrashJar;
import dev.muster.local.stack.StackConfig;
import dev.muster.protocol.Json;
import dev.muster.protocol.Submission;
import dev.muster.store.JobReader;
import dev.muster.store.JobView;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;

/** A job among the payments that kills its worker. It is to be named within three deaths, and nobody else is to pay for it. */
record CrashLooped(CrashHandler.Way way) implements Fault {
    private static final int MAX_DEATHS = 3;
    /** So that payments are in flight beside it when it strikes. */
    private static final long MILLIS = 150;

    @Override
    public StackConfig prepare(StackConfig stack) {
        Path handlers = stack.dataFolder().resolveSibling(stack.dataFolder().getFileName() + "-handlers");
        CrashJar.write(handlers);
        return new StackConfig(
                stack.dataFolder(),
                stack.settings().with(Setting.WORKER_HANDLERS, handlers.toString()),
                stack.workers(),
                stack.queues(),
                stack.ports());
    }

    @Override
    public Injection inject(DrillStack stack) {
        Instant at = stack.now();
        JobId culprit = stack.submit(StackConfig.PAYMENTS, submission());
        stack.await(
                "the conviction of job " + culprit,
                DrillStack.LIMIT,
                () -> stack.find(culprit).filter(job -> job.state().isFinal()).isPresent());
        JobView dead = stack.find(culprit).orElseThrow();
        stack.await("the end of quarantine", DrillStack.LIMIT, () -> !stack.isInQuarantine());
        Injection injection = Injection.of(at, victims(stack, dead, at)).with(violations(stack, dead, at));
        return dead.times()
                .settled()
                .map(when -> injection.with(
                        Figure.CONVICTED, Math.max(0, Duration.between(at, when).toMillis())))
                .orElse(injection);
    }

    private Submission submission() {
        return new Submission(
                "muster-drill-crash",
                UUID.randomUUID().toString(),
                CrashHandler.TYPE,
                Optional.empty(),
                Json.MAPPER.writeValueAsBytes(Map.of("way", way.wireName(), "millis", MILLIS, "call", false)),
                Map.of());
    }

    /** Whom it has killed, and the quarantine workers, which come and go for it. */
    private static Set<String> victims(DrillStack stack, JobView dead, Instant at) {
        Set<String> victims = new HashSet<>(deaths(dead));
        stack.reader().lives().stream()
                .filter(life -> DrillStack.isOfQuarantine(life.incarnation()))
                .filter(life -> life.fencedAt().filter(when -> when.isAfter(at)).isPresent())
                .forEach(life -> victims.add(life.incarnation()));
        return victims;
    }

    private static List<String> deaths(JobView dead) {
        List<String> deaths = new ArrayList<>(dead.attempts().stream()
                .filter(run -> run.reason().filter("its worker died"::equals).isPresent())
                .map(JobView.Attempt::incarnation)
                .toList());
        dead.run().incarnation().ifPresent(deaths::add);
        return deaths;
    }

    private static List<String> violations(DrillStack stack, JobView dead, Instant at) {
        List<String> violations = new ArrayList<>();
        int deaths = deaths(dead).size();
        String reason = dead.outcome().reason().orElse("");
        if (dead.state() != JobState.DEAD || !reason.contains("alone in quarantine")) {
            violations.add(
                    "the culprit was not convicted: it is " + dead.state().wireName() + ", " + reason);
        }
        if (deaths > MAX_DEATHS) {
            violations.add("the culprit was named after " + deaths + " deaths, more than " + MAX_DEATHS);
        }
        long lost = stack.newest().stream()
                .filter(job -> !job.id().equals(dead.id()))
                .filter(job ->
                        job.times().settled().filter(when -> when.isAfter(at)).isPresent())
                .filter(job -> job.run().failures() > 0 || job.state() == JobState.DEAD)
                .count();
        if (lost > 0) {
            violations.add(lost + " innocent jobs have lost an attempt");
        }
        return violations;
    }

    /** As many as a list may have. */
    static JobReader.Filter newest() {
        return JobReader.Filter.newest(JobReader.MAX_LIMIT);
    }
}
