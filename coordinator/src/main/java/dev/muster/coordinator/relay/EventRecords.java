package dev.muster.coordinator.relay;

import dev.muster.coordinator.stats.Tallies;
import dev.muster.protocol.DeadLetters;
import dev.muster.protocol.EventCodec;
import dev.muster.protocol.Json;
import dev.muster.protocol.RecordHeaders;
import dev.muster.protocol.Topics;
import dev.muster.store.IncidentStore.Incident;
import dev.muster.store.RelayStore.Origin;
import dev.muster.store.RelayStore.Row;
import java.time.Duration;
import java.time.Instant;
import java.util.Objects;
import java.util.Optional;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.header.Headers;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What the rows of the outbox become as records. */
final class EventRecords {
    private static final Logger LOG = LoggerFactory.getLogger(EventRecords.class);
    private static final String DEAD = "dead";

    private EventRecords() {}

    /** The event of a row. */
    static ProducerRecord<byte[], byte[]> event(Row row) {
        String outcome = row.outcome().name();
        return EventCodec.record(
                new EventCodec.Envelope(
                        "job-" + row.place().seq(),
                        EventCodec.JOB + outcome,
                        row.times().at(),
                        EventCodec.key(row.jobId())),
                body -> {
                    body.put("job_id", row.jobId().toString());
                    body.put("queue", row.queue());
                    body.put("type", row.type());
                    body.put("key", row.orderKey());
                    body.put("state", row.isFinal() ? outcome : stateAfter(outcome));
                    body.put("attempt", row.counts().attempt());
                    body.put("failures", row.counts().failures());
                    body.put("recoveries", row.counts().recoveries());
                    body.put("incarnation", row.incarnation());
                    body.put("reason", row.outcome().reason());
                    body.put("detail", row.outcome().detail());
                    body.put("result", row.outcome().result());
                    body.put("submitted_at", row.times().submittedAt());
                    body.put("started_at", row.times().startedAt());
                    body.put("settled_at", row.times().at());
                    Instant begin = row.times().enteredAt() == null
                            ? row.times().startedAt()
                            : row.times().enteredAt();
                    body.put("duration", seconds(begin, row.times().at()));
                    body.put("end_to_end", endToEnd(row));
                });
    }

    /** Counts the row for the statistics. */
    static void count(Row row, Tallies tallies) {
        tallies.add(
                row.queue(), row.outcome().name(), endToEnd(row), row.times().at());
    }

    /** The dead letter of a row, if it is that of a dead job. */
    static Optional<ProducerRecord<byte[], byte[]>> deadLetter(Row row) {
        if (!row.isDead()) {
            return Optional.empty();
        }
        Origin origin = row.origin().orElseThrow();
        Instant submitted = Objects.requireNonNullElse(
                row.times().submittedAt(), row.times().at());
        return Optional.of(DeadLetters.record(
                row.jobId(),
                new DeadLetters.Original(
                        Topics.jobs(row.queue()),
                        origin.partition(),
                        origin.offset(),
                        submitted.toEpochMilli(),
                        origin.key(),
                        origin.payload(),
                        headers(row, origin)),
                Objects.requireNonNullElse(row.outcome().reason(), DEAD),
                row.outcome().detail()));
    }

    /** The event of an incident's opening, or of its end once that is there. */
    static ProducerRecord<byte[], byte[]> event(Incident incident) {
        Instant closed = incident.closedAt();
        return EventCodec.record(
                new EventCodec.Envelope(
                        "incident-" + incident.id() + (closed == null ? "-opened" : "-closed"),
                        EventCodec.INCIDENT,
                        closed == null ? incident.openedAt() : closed,
                        incident.subject()),
                body -> {
                    body.put("incident", incident.id());
                    body.put("kind", incident.kind());
                    body.put("subject", incident.subject());
                    body.put("summary", incident.summary());
                    body.put("detail", Json.MAPPER.readTree(incident.detail()));
                    body.put("opened_at", incident.openedAt());
                    body.put("closed_at", closed);
                });
    }

    /** Headers that were not stored in our form are left out rather than stopping the relay for good. */
    private static Headers headers(Row row, Origin origin) {
        byte[] stored = origin.headers();
        try {
            return RecordHeaders.decode(stored == null ? new byte[0] : stored);
        } catch (IllegalArgumentException e) {
            LOG.error("The stored headers of job {} can't be read; its dead letter goes without them", row.jobId(), e);
            return RecordHeaders.decode(new byte[0]);
        }
    }

    private static String stateAfter(String outcome) {
        return switch (outcome) {
            case "retried" -> "retrying";
            case "snoozed" -> "scheduled";
            case "interrupted" -> "running";
            default -> outcome;
        };
    }

    private static @Nullable Double endToEnd(Row row) {
        return row.isFinal() ? seconds(row.times().submittedAt(), row.times().at()) : null;
    }

    /** Zero where they are the wrong way round: a submission's time is its producer's, and may lie in the year 9999. */
    private static @Nullable Double seconds(@Nullable Instant from, Instant to) {
        if (from == null) {
            return null;
        }
        return from.isAfter(to) ? 0 : Duration.between(from, to).toNanos() / 1e9;
    }
}
