package dev.muster.store;

import dev.muster.job.JobId;
import java.time.Instant;
import java.util.Optional;

/**
 * A dead job, or a record that never was one, that nobody has redriven: a row of the history, for people and the HTTP
 * API. Immutable.
 *
 * @param seq with its transaction's id the row's place in the history; a job that was redriven and died again has another
 * @param group the fingerprint that it shares with those that died of the same
 * @param type the job's; {@code none} for a record that was no job
 * @param key its order key; keyed queues only
 * @param position the record it came from
 * @param run its last run; attempt 0: it never had one
 * @param redrives how often the job was redriven before
 */
public record DeadLetter(
        JobId id,
        long seq,
        String group,
        String queue,
        String type,
        Optional<String> key,
        JobView.Position position,
        JobView.Run run,
        Death death,
        int redrives) {

    /**
     * What it died of, and when.
     *
     * @param detail of a failure: class and message
     */
    public record Death(Optional<String> reason, Optional<String> detail, Instant submitted, Instant at) {}

    /** False for a record that was refused when it was claimed. */
    public boolean wasJob() {
        return run.attempt() > 0;
    }
}
