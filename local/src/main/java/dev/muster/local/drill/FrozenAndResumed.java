package dev.muster.local.drill;

import dev.muster.config.Setting;
import dev.muster.job.JobId;
import dev.muster.local.stack.Fleet;
import dev.muster.local.stack.StackConfig;
import dev.muster.store.AuditReader;
import dev.muster.store.DrillReader.Writes;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * SIGSTOP of the busiest worker, which nobody can kill; once all its jobs have ended elsewhere it is resumed: a zombie,
 * none of whose writes may count. It has to end by itself, and a next life to come.
 */
final class FrozenAndResumed implements Fault {
    private static final Duration LIMIT = Duration.ofSeconds(20);

    @Override
    public StackConfig prepare(StackConfig stack) {
        return stack.with(Setting.FLEET_KILL_LOST, "false");
    }

    @Override
    public Injection inject(DrillStack stack) {
        Fleet.Worker victim = stack.busiest();
        String incarnation = victim.incarnation();
        Instant at = stack.now();
        stack.signal(victim, "STOP");
        stack.say("froze " + incarnation + ", which stays alive");
        stack.await("the end of all jobs of " + incarnation + " elsewhere", LIMIT, () -> isOver(stack, incarnation));
        stack.signal(victim, "CONT");
        stack.await("the end of the zombie " + incarnation, LIMIT, () -> !victim.isAlive());
        Writes writes = stack.reader().writes(incarnation).orElseThrow();
        stack.say("resumed " + incarnation + ": it ended, " + writes.rejected() + " of its writes were refused");
        Injection injection = Injection.of(at, Set.of(incarnation));
        return writes.settled() == 0
                ? injection
                : injection.with(List.of("the fenced " + incarnation + " settled " + writes.settled() + " jobs"));
    }

    private static boolean isOver(DrillStack stack, String incarnation) {
        Set<JobId> interrupted = stack.audit().runs().stream()
                .filter(run -> run.isInterrupted() && run.incarnation().equals(incarnation))
                .map(AuditReader.EndedRun::id)
                .collect(Collectors.toSet());
        boolean isAdopted = !interrupted.isEmpty()
                && stack.reader().writes(incarnation).orElseThrow().running() == 0;
        return isAdopted
                && stack.audit().finals().stream()
                        .map(AuditReader.FinalJob::id)
                        .collect(Collectors.toSet())
                        .containsAll(interrupted);
    }
}
