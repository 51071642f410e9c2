package dev.muster.store;

import dev.muster.fleet.Incarnation;
import dev.muster.job.JobId;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * What is said of a job that was in flight when its worker ended by itself. Immutable.
 *
 * @param deaths in a row, in which it was in flight; from 1
 * @param weight of those among them in which it was alone in quarantine
 * @param company how many jobs were in flight in its last death in quarantine; 0: it had none there
 */
public record Suspicion(Standing standing, int deaths, int weight, int company) {

    /** What it is taken for. */
    public enum Standing {
        /** It was in flight, as others were; it runs on like any other. */
        NOTED,
        /** It runs in quarantine only. */
        SUSPECTED,
        /** It has killed its worker and runs no more. */
        CONVICTED;

        String wireName() {
            return name().toLowerCase(Locale.ROOT);
        }

        static Standing parse(String wireName) {
            return valueOf(wireName.toUpperCase(Locale.ROOT));
        }
    }

    /**
     * A job whose row names an incarnation.
     *
     * @param entered its handler was entered; known in quarantine only
     * @param before what was said of it, if its run before was cut short too
     * @param lentTo which incarnation it was lent to; with {@code before} only
     */
    public record InFlight(
            JobId id,
            int attempt,
            String queue,
            String type,
            boolean entered,
            Optional<Suspicion> before,
            Optional<Incarnation> lentTo) {}

    /**
     * What a death says of a job.
     *
     * @param attempt the run that it cut short
     * @param summary of the incident that is opened for it; empty: none is
     */
    public record Judged(JobId id, int attempt, Suspicion suspicion, Optional<String> summary) {}

    /**
     * A death with all that it says.
     *
     * @param pool the worker's
     * @param ending how its process ended, in a few words
     */
    public record Judgement(String pool, String ending, List<Judged> jobs) {
        public Judgement {
            jobs = List.copyOf(jobs);
        }

        /** It says nothing of any job. */
        public static Judgement none(String pool) {
            return new Judgement(pool, "", List.of());
        }
    }
}
