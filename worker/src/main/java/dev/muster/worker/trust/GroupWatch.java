package dev.muster.worker.trust;

import static java.util.Objects.requireNonNull;

import dev.muster.fleet.Incarnation;
import dev.muster.store.Incarnations;
import dev.muster.store.Ownership;
import dev.muster.store.PartitionEpoch;
import dev.muster.store.StoreException;
import dev.muster.time.Ticker;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ConsumerGroupDescription;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Looks at the group where a lane has found something odd: running rows of an incarnation that nobody has fenced (it
 * may be dead, and no coordinator there to say so), or an epoch in Postgres above ours (the group may have been made
 * anew). {@link #suspect} and {@link #overtaken} are thread-safe; {@link #look} is confined to one thread.
 */
public final class GroupWatch {
    private static final Logger LOG = LoggerFactory.getLogger(GroupWatch.class);
    /** How often the group is read while there is a suspicion, and nothing new. */
    private static final Duration AGAIN = Duration.ofMillis(500);
    /** How long a suspicion lasts that no lane has renewed. */
    private static final Duration STALE = Duration.ofSeconds(3);

    private final Incarnation me;
    private final String group;
    private final Admin admin;
    private final Ownership ownership;
    private final Incarnations incarnations;
    private final Ticker ticker;
    private final AbsenceJudge judge;
    private final Map<Incarnation, Long> suspects = new ConcurrentHashMap<>();
    private final ConcurrentLinkedQueue<Overtaken> overtakes = new ConcurrentLinkedQueue<>();
    private volatile boolean news;
    private long readNanos;

    private record Overtaken(PartitionEpoch mine, int stored) {}

    /** Takes a partition up again whose epoch was set back, and tells a human. Thread-safe. */
    public interface Listener {
        void assignedAgain(PartitionEpoch partition);

        void incident(String kind, String subject, String summary);

        void fenced(Incarnation incarnation);
    }

    public GroupWatch(
            Incarnation me,
            String group,
            Admin admin,
            Ownership ownership,
            Incarnations incarnations,
            Duration freshWindow,
            Ticker ticker) {
        this.me = me;
        this.group = group;
        this.admin = admin;
        this.ownership = ownership;
        this.incarnations = incarnations;
        this.ticker = ticker;
        this.readNanos = ticker.nanos();
        this.judge = new AbsenceJudge(freshWindow, readNanos);
    }

    /** Rows of this incarnation run in our partitions, and it is not fenced. */
    public void suspect(Incarnation incarnation) {
        if (suspects.put(incarnation, ticker.nanos()) == null) {
            news = true;
        }
    }

    /** Postgres has a later epoch than the group gave us. */
    public void overtaken(PartitionEpoch mine, int stored) {
        overtakes.add(new Overtaken(mine, stored));
        news = true;
    }

    /**
     * Looks once, if there is anything to look for: to be called several times a second. The group is read at once when
     * there is news, and when the read can prove somebody dead: of the second or two that this takes, waiting is a part.
     */
    public void look(Listener listener) throws InterruptedException {
        long now = ticker.nanos();
        var _ = judge.wasAwake(now);
        suspects.values().removeIf(seen -> now - seen > STALE.toNanos());
        if (suspects.isEmpty() && overtakes.isEmpty()) {
            judge.judge(Set.of(), Set.of(), now);
            return;
        }
        if (!news && !judge.isDue(now) && now - readNanos < AGAIN.toNanos()) {
            return;
        }
        news = false;
        readNanos = now;
        try {
            ConsumerGroupDescription description = requireNonNull(admin.describeConsumerGroups(List.of(group))
                            .describedGroups()
                            .get(group))
                    .get(2, TimeUnit.SECONDS);
            resetEpochs(description, listener);
            fenceAbsent(description, listener);
        } catch (ExecutionException | TimeoutException | StoreException e) {
            LOG.atDebug().log("Can't look at the group now: {}", e.toString());
        }
    }

    private void fenceAbsent(ConsumerGroupDescription description, Listener listener) {
        Set<String> members = new HashSet<>();
        description.members().forEach(member -> member.groupInstanceId().ifPresent(members::add));
        Set<Incarnation> dead = judge.judge(Set.copyOf(suspects.keySet()), members, ticker.nanos());
        if (dead.isEmpty() || ownership.leaderIsFresh()) {
            return; // a coordinator leads: it decides who is dead
        }
        for (Incarnation incarnation : dead) {
            if (!judge.wasAwake(ticker.nanos())) {
                return; // what we read is old, and they may be back
            }
            switch (incarnations.fence(incarnation, "absent from its group", me)) {
                case FENCED -> {
                    LOG.atWarn()
                            .addKeyValue("incarnation", incarnation)
                            .log(
                                    "Fenced an incarnation that left its group with running jobs, as no coordinator leads");
                    listener.incident(
                            "worker_absent",
                            incarnation.id(),
                            "It left its group while its jobs ran, and no coordinator led. " + me
                                    + " fenced it; its jobs are adopted by the owners of their partitions.");
                    listener.fenced(incarnation);
                }
                case ALREADY -> listener.fenced(incarnation);
                case UNKNOWN, LEADER_DECIDES, DRAINING -> {}
            }
        }
    }

    /** The group's epochs start again when it is made anew; the stored ones would lock everybody out for ever. */
    private void resetEpochs(ConsumerGroupDescription description, Listener listener) {
        int groupEpoch = description.groupEpoch().orElse(Integer.MAX_VALUE);
        Map<PartitionEpoch, Integer> all = new HashMap<>();
        for (Overtaken o = overtakes.poll(); o != null; o = overtakes.poll()) {
            all.put(o.mine(), o.stored());
        }
        all.forEach((mine, stored) -> {
            if (groupEpoch < stored && ownership.resetEpoch(mine, stored)) {
                listener.incident(
                        "group_made_anew",
                        mine.queue() + "/" + mine.partition(),
                        "The group " + group + " is at epoch " + groupEpoch + ", below the stored " + stored
                                + ": it was deleted and made anew. The stored epoch was set back to " + mine.epoch()
                                + ".");
                listener.assignedAgain(mine);
            }
        });
    }
}
