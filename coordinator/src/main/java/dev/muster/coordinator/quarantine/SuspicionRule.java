package dev.muster.coordinator.quarantine;

import dev.muster.fleet.Incarnation;
import dev.muster.store.Suspicion;
import dev.muster.store.Suspicion.InFlight;
import dev.muster.store.Suspicion.Judged;
import dev.muster.store.Suspicion.Judgement;
import dev.muster.store.Suspicion.Standing;
import java.util.List;
import java.util.Optional;

/**
 * What a worker's death says of the jobs that were in flight. Pure.
 *
 * <ul>
 *   <li>One death proves nothing: who was in flight is noted and runs on like any other.
 *   <li>Who was in flight in two deaths in a row is a suspect, and runs in quarantine only; in three, if the last one was
 *       killed: where workers are killed again and again, quarantine would be where half the jobs wait for their turn.
 *   <li>Only a death there convicts, and only one who was alone: whose handler was entered, and nobody else's. A process
 *       that was killed may have been so by a person, so two such deaths are needed.
 *   <li>Who survives a run is clear: what is said of it holds for its next run only.
 * </ul>
 */
public final class SuspicionRule {
    /** Deaths in a row that make a suspect. */
    private static final int SUSPECT_AT = 2;

    /** The same, if whether a job did it at all can't be told of the last one. */
    private static final int SUSPECT_IF_KILLED_AT = 3;

    private static final int CONVICT_AT = 2;

    private SuspicionRule() {}

    /**
     * Judges.
     *
     * @param dead the worker's life that has ended
     * @param ending how, in a few words, such as {@code exit code 134}
     * @param inFlight all jobs whose rows name it
     */
    public static Judgement judge(Blame blame, Incarnation dead, String pool, String ending, List<InFlight> inFlight) {
        if (blame == Blame.NOBODY) {
            return Judgement.none(pool);
        }
        int company = (int) inFlight.stream()
                .filter(job -> isLent(job, dead) && job.entered())
                .count();
        return new Judgement(
                pool,
                ending,
                inFlight.stream()
                        .flatMap(job -> judge(blame, dead, company, ending, job).stream())
                        .toList());
    }

    private static Optional<Judged> judge(Blame blame, Incarnation dead, int company, String ending, InFlight job) {
        if (isLent(job, dead)) {
            return job.entered() ? Optional.of(inQuarantine(blame, company, ending, job)) : Optional.empty();
        }
        int deaths = 1 + job.before().map(Suspicion::deaths).orElse(0);
        int suspectAt = blame == Blame.A_JOB ? SUSPECT_AT : SUSPECT_IF_KILLED_AT;
        Standing standing = deaths >= suspectAt ? Standing.SUSPECTED : Standing.NOTED;
        return Optional.of(
                new Judged(job.id(), job.attempt(), new Suspicion(standing, deaths, 0, 0), Optional.empty()));
    }

    private static Judged inQuarantine(Blame blame, int company, String ending, InFlight job) {
        Suspicion before = job.before().orElseThrow(() -> new IllegalStateException("INVARIANT: lent, so suspected"));
        int deaths = before.deaths() + 1;
        int weight = before.weight() + (company > 1 ? 0 : blame == Blame.A_JOB ? CONVICT_AT : 1);
        boolean convicted = weight >= CONVICT_AT;
        return new Judged(
                job.id(),
                job.attempt(),
                new Suspicion(convicted ? Standing.CONVICTED : Standing.SUSPECTED, deaths, weight, company),
                convicted ? Optional.of(summary(job, deaths, ending)) : Optional.empty());
    }

    private static boolean isLent(InFlight job, Incarnation dead) {
        return job.lentTo().filter(dead::equals).isPresent();
    }

    private static String summary(InFlight job, int deaths, String ending) {
        return "Job " + job.id() + " (" + job.type() + ", queue " + job.queue() + ") killed its worker " + deaths
                + " times, the last time alone in quarantine, with " + ending
                + ". It is dead and among the dead letters; if a call of it has no answer, it is held as unknown instead. "
                + "Remove the cause, then: muster dead redrive; of a held one: muster jobs held " + job.id();
    }
}
