package dev.muster.coordinator.recovery;

import dev.muster.fleet.Incarnation;
import dev.muster.protocol.Topics;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.MemberToRemove;
import org.apache.kafka.clients.admin.RemoveMembersFromConsumerGroupOptions;
import org.apache.kafka.common.errors.GroupIdNotFoundException;
import org.apache.kafka.common.errors.UnknownMemberIdException;

/**
 * Has Kafka take a dead member out of its group, which gives its partitions to others at once rather than after the
 * session timeout. Thread-safe.
 */
public final class Evictor {
    private static final int PATIENCE_MILLIS = 3_000;

    private final Admin admin;

    public Evictor(Admin admin) {
        this.admin = admin;
    }

    /** What became of it. */
    public enum Result {
        /** It was a member and is none now. */
        EVICTED,
        /** It was none: never joined, left, or was expelled already. */
        ABSENT,
        /** Kafka did not say; the session timeout does it. */
        FAILED
    }

    /** Takes an incarnation out of its pool's group. By its instance id, which no other life ever has: repeats are harmless. */
    public Result evict(Incarnation incarnation, String pool) throws InterruptedException {
        Collection<MemberToRemove> members = List.of(new MemberToRemove(incarnation.id()));
        RemoveMembersFromConsumerGroupOptions options = new RemoveMembersFromConsumerGroupOptions(members);
        options.timeoutMs(PATIENCE_MILLIS);
        options.reason("fenced");
        try {
            admin.removeMembersFromConsumerGroup(Topics.group(pool), options)
                    .all()
                    .get(PATIENCE_MILLIS, TimeUnit.MILLISECONDS);
            return Result.EVICTED;
        } catch (ExecutionException e) {
            return isAbsent(e) ? Result.ABSENT : Result.FAILED;
        } catch (TimeoutException e) {
            return Result.FAILED;
        }
    }

    private static boolean isAbsent(ExecutionException e) {
        for (Throwable cause = e; cause != null; cause = cause.getCause()) {
            if (cause instanceof UnknownMemberIdException || cause instanceof GroupIdNotFoundException) {
                return true;
            }
        }
        return false;
    }
}
