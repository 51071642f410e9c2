package dev.muster.store;

import dev.muster.job.JobId;
import dev.muster.job.JobState;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * A job as it stood in Postgres at one moment, for people and the HTTP API. Immutable.
 *
 * @param key its order key; keyed queues only
 * @param position the record it came from
 * @param run its latest run, and its two budgets
 * @param outcome why it is in this state; what came of it
 * @param underway what was said of it while it is unfinished; a list of jobs leaves it out
 * @param attempts earlier runs, oldest first; a list of jobs leaves them out
 */
public record JobView(
        JobId id,
        String queue,
        String type,
        Optional<String> key,
        JobState state,
        Position position,
        Run run,
        Times times,
        Outcome outcome,
        Underway underway,
        List<Attempt> attempts) {

    public JobView {
        attempts = List.copyOf(attempts);
    }

    /** Where in the queue's topic its record stands. The offset is -1 where there is none, since a schedule made the job. */
    public record Position(int partition, long offset) {
        public boolean isOfRecord() {
            return offset >= 0;
        }
    }

    /**
     * The latest run.
     *
     * @param attempt how many times it was started, 0 before the first
     * @param failures runs that its handler ended with a failure
     * @param recoveries runs that a worker's death cut short
     * @param incarnation who runs it or ran it last; empty while it waits
     */
    public record Run(int attempt, int failures, int recoveries, Optional<String> incarnation) {}

    /**
     * When things happened, by Postgres' clock; {@code submitted} is the record's timestamp, {@code entered} the
     * worker's clock.
     *
     * @param due when a waiting job is looked at next; empty also for one behind others of its key
     */
    public record Times(
            Instant submitted,
            Instant claimed,
            Optional<Instant> started,
            Optional<Instant> entered,
            Optional<Instant> due,
            Optional<Instant> settled) {}

    /**
     * What came of it so far.
     *
     * @param reason a word such as {@code card_declined}
     * @param detail of a failure: class and message
     */
    public record Outcome(Optional<String> reason, Optional<String> detail, Optional<String> result) {}

    /** What was said of an unfinished job: by its handler, by whoever wishes it cancelled, and by its workers' deaths. */
    public record Underway(Optional<Progress> progress, Optional<Wish> wish, Optional<Suspected> suspected) {
        static Underway nothing() {
            return new Underway(Optional.empty(), Optional.empty(), Optional.empty());
        }
    }

    /**
     * How far it is, as its handler said last.
     *
     * @param attempt which run said so
     * @param percent 0 to 100
     */
    public record Progress(int attempt, int percent, Optional<String> note, Instant at) {}

    /** That somebody wishes it cancelled. */
    public record Wish(String by, Optional<String> reason, Instant at) {}

    /**
     * That it may have killed its worker.
     *
     * @param standing noted (it was in flight, and runs on), suspected (it runs in quarantine only) or convicted
     * @param workers the lives that ended with it in flight, oldest first
     * @param ending how the last one ended
     */
    public record Suspected(String standing, List<String> workers, String ending, Instant since) {
        public Suspected {
            workers = List.copyOf(workers);
        }
    }

    /**
     * A run that ended without a final state.
     *
     * @param number which run it was, from 1
     * @param outcome retried, snoozed, parked, unknown or interrupted
     */
    public record Attempt(
            int number,
            String incarnation,
            String outcome,
            Optional<String> reason,
            Optional<String> detail,
            Instant started,
            Optional<Instant> entered,
            Instant ended,
            Optional<Instant> due) {}

    /** This view with what is said of it, and its earlier runs. */
    public JobView with(Underway said, List<Attempt> earlier) {
        return new JobView(id, queue, type, key, state, position, run, times, outcome, said, earlier);
    }
}
