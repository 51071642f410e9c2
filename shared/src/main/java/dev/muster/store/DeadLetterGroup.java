package dev.muster.store;

import dev.muster.job.JobId;
import java.time.Instant;
import java.util.List;

/**
 * Dead letters of one type that died of the same. Immutable.
 *
 * @param group their fingerprint: 16 hexadecimal digits
 * @param cause what they died of, with a question mark for whatever differs from one to the next
 * @param keys how many order keys they touch
 * @param latest the one that died last
 */
public record DeadLetterGroup(
        String group,
        String type,
        String cause,
        List<String> queues,
        long letters,
        long keys,
        Instant first,
        Instant last,
        JobId latest) {
    public DeadLetterGroup {
        queues = List.copyOf(queues);
    }
}
