package dev.muster.worker.lane;

import static java.util.Objects.requireNonNull;

import dev.muster.store.Claim;
import dev.muster.worker.execution.Shares;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/** Which polled records a lane claims next: each queue's share, its partitions in turn. Confined to the lane's thread. */
final class Picks {
    private static final int BATCH = 1_000;

    private final LaneParts parts;
    private final HoldBack holdBack;
    private final Shares.Claimer claimer;
    private int turn;
    private boolean denied;

    /** A record that is about to be claimed; its slot is taken. */
    record Pick(Held from, ConsumerRecord<byte[], byte[]> record, Claim.Entry entry) {}

    Picks(LaneParts parts, HoldBack holdBack, Shares.Claimer claimer) {
        this.parts = parts;
        this.holdBack = holdBack;
        this.claimer = claimer;
    }

    /** True while there are records and no slots for them: worth asking again soon, or when some are left. */
    boolean isDenied() {
        return denied;
    }

    /** The next records of these partitions, as many as there are slots for. */
    List<Pick> pick(List<Held> claimable) {
        Map<String, List<Held>> ready = new LinkedHashMap<>();
        for (Held mine : claimable) {
            ready.computeIfAbsent(mine.partition().queue(), _ -> new ArrayList<>())
                    .add(mine);
        }
        Map<String, Integer> could = new HashMap<>();
        ready.forEach((queue, all) ->
                could.put(queue, all.stream().mapToInt(Held::buffered).sum()));
        List<Pick> picks = new ArrayList<>();
        parts.shares().take(claimer, could, BATCH).forEach((queue, most) -> {
            int before = picks.size();
            pick(requireNonNull(ready.get(queue)), most, picks);
            parts.shares().release(queue, most - (picks.size() - before));
        });
        denied = picks.isEmpty() && !ready.isEmpty();
        turn++;
        return picks;
    }

    private void pick(List<Held> ready, int most, List<Pick> picks) {
        int end = picks.size() + most;
        int aside = 0;
        for (int i = 0; i < ready.size() && picks.size() < end; i++) {
            Held from = ready.get((turn + i) % ready.size()); // another one first each time, so that none starves
            for (ConsumerRecord<byte[], byte[]> record : from.head(end - picks.size())) {
                Claim.Entry entry = parts.reader().read(0, record, from.queueAt(record.offset()), from.topicId());
                if (parts.parked().test(entry.type()) && ++aside > holdBack.roomAside()) {
                    break;
                }
                picks.add(new Pick(from, record, entry));
            }
        }
    }
}
