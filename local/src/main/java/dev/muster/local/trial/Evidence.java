package dev.muster.local.trial;

import dev.muster.job.JobId;
import dev.muster.store.AuditReader;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * All that an audit looks at: what was submitted, what Postgres has, what the provider has, who was killed. Read after
 * the last job, from three witnesses that know nothing of one another. Immutable.
 *
 * @param interruptions runs that ended without a final state
 */
public record Evidence(
        List<Submitted> submitted,
        List<AuditReader.FinalJob> finals,
        List<AuditReader.UnfinishedJob> unfinished,
        List<AuditReader.EndedRun> interruptions,
        List<Charge> charges,
        List<Kill> kills) {

    public Evidence {
        submitted = List.copyOf(submitted);
        finals = List.copyOf(finals);
        unfinished = List.copyOf(unfinished);
        interruptions = List.copyOf(interruptions);
        charges = List.copyOf(charges);
        kills = List.copyOf(kills);
    }

    /** A job that Kafka has acknowledged. {@code key}: its order key, in a keyed queue only. */
    public record Submitted(JobId id, String queue, Optional<String> key) {}

    /** What the provider says about one attempt to take money. {@code job}: as the request named it, if it did. */
    public record Charge(String id, Optional<String> job, boolean succeeded) {}

    /** A worker's life that was ended, or cut off, on purpose. */
    public record Kill(String incarnation, Instant at) {}
}
