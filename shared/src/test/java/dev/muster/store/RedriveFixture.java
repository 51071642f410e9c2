package dev.muster.store;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.muster.config.Setting;
import dev.muster.config.Settings;
import dev.muster.job.JobId;
import dev.muster.protocol.RecordHeaders;
import dev.muster.protocol.Submission;
import dev.muster.store.OwnershipFixture.Actor;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.clients.producer.ProducerRecord;

/** Jobs that die, and orders to redrive them. */
final class RedriveFixture {
    static final String PAYLOAD = "{\"amount\":1}";

    private RedriveFixture() {}

    /** The record of a job, submitted as a client does it. */
    static Claim.Entry submitted(long offset, String name, Optional<String> key, Map<String, String> extensions) {
        ProducerRecord<byte[], byte[]> record =
                new Submission("test", name, "test", key, PAYLOAD.getBytes(UTF_8), extensions).toRecord("q");
        return new Claim.Entry(
                0,
                offset,
                OwnershipFixture.id(name),
                JobId.atPosition(OwnershipFixture.TOPIC, 0, offset, 0),
                "test",
                key,
                new Claim.Terms(
                        Optional.ofNullable(extensions.get("mustermaxattempts")).map(Integer::valueOf),
                        Optional.empty(),
                        Optional.ofNullable(extensions.get("musterdeadline")).map(Instant::parse),
                        Optional.ofNullable(extensions.get("musteruniquekey")),
                        Optional.ofNullable(extensions.get("musterlimitkey")),
                        Instant.EPOCH),
                new RunningJob.Bytes(record.key(), record.value(), RecordHeaders.encode(record.headers())),
                record.value(),
                Optional.empty());
    }

    static Claim.Entry submitted(long offset, String name) {
        return submitted(offset, name, Optional.empty(), Map.of());
    }

    /** The same record, refused when it was claimed: it names its job, its own id is that of its place. */
    static Claim.Entry refused(long offset, String name, Optional<String> key, String reason) {
        Claim.Entry entry = submitted(offset, name, key, Map.of());
        JobId place = JobId.of("place", name);
        return new Claim.Entry(
                0,
                offset,
                entry.id(),
                place,
                "none",
                Optional.empty(),
                entry.terms(),
                entry.bytes(),
                new byte[16],
                Optional.of(new Claim.Dead(reason, "for this test")));
    }

    /** Ends a run as its worker does when a job has used up its budget. */
    static void dies(Actor actor, JobId id, int attempt, String detail, PartitionEpoch... keyed) {
        Outcome outcome = new Outcome(
                id,
                attempt,
                Outcome.Verdict.DEAD,
                "gave up after 1 failures: " + detail,
                detail,
                "",
                Duration.ZERO,
                Optional.empty(),
                List.of());
        actor.store().settle(List.of(outcome), List.of(keyed), List.of(), Groups.NONE);
    }

    static RedriveOrder order(JobId... ids) {
        return order(DeadLetterStore.Filter.of(List.of(ids)));
    }

    static RedriveOrder order(DeadLetterStore.Filter which) {
        return new RedriveOrder(which, false, 1_000_000, false, "test", Optional.empty());
    }

    static RedriveOrder dry(RedriveOrder order) {
        return new RedriveOrder(order.which(), true, order.perSecond(), order.force(), order.by(), order.edit());
    }

    static RedriveOrder forced(RedriveOrder order) {
        return new RedriveOrder(order.which(), order.dryRun(), order.perSecond(), true, order.by(), order.edit());
    }

    static RedriveOrder edited(JobId id, String json, boolean nothingHappened) {
        return new RedriveOrder(
                DeadLetterStore.Filter.of(List.of(id)),
                false,
                100,
                false,
                "test",
                Optional.of(new RedriveOrder.Edit(json.getBytes(UTF_8), nothingHappened)));
    }

    static DeadLetterStore.Filter ofQueue(String queue) {
        return new DeadLetterStore.Filter(
                List.of(), Optional.empty(), Optional.of(queue), Optional.empty(), Optional.empty());
    }

    static Redriver redriver(OwnershipFixture db, int limit) {
        return new Redriver(db.database(), Settings.of(Map.of(Setting.REDRIVE_LIMIT.key(), Integer.toString(limit))));
    }
}
