package dev.muster.coordinator.relay;

import dev.muster.coordinator.leadership.Leadership;
import dev.muster.coordinator.loop.Loop;
import dev.muster.kafka.KafkaClients;
import dev.muster.store.IncidentStore;
import dev.muster.store.SubmissionStore;
import dev.muster.store.SubmissionStore.Refusal;
import dev.muster.store.SubmissionStore.TakenOver;
import dev.muster.store.SubmissionStore.Waiting;
import dev.muster.telemetry.MeterName;
import dev.muster.time.Ticker;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.UUID;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Brings submissions from the outbox in Postgres to the topics of their queues, in commit order, each once: also where no
 * window of duplicates is kept, so that a submission told twice would be run twice.
 *
 * <p>Three steps per batch, one batch at a time. Its id and its last row are noted in Postgres (<em>prepare</em>); the
 * records and that id go to Kafka in one transaction (<em>commit</em>); its rows are removed (<em>finish</em>). Whoever
 * leads next first ends the transaction of the one before, by the transactional id they share, then compares the noted
 * id with the one that Kafka has: the same, and the batch has arrived, so its rows are removed; another, and it has not,
 * so they are produced. Postgres' steps demand the leader's epoch. Confined to the loop's thread.
 */
public final class SubmissionRelay implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(SubmissionRelay.class);
    private static final Duration IDLE = Duration.ofMillis(50);
    private static final int BATCH = 1_000;

    private final SubmissionStore store;
    private final IncidentStore incidents;
    private final KafkaClients clients;
    private final BatchMark mark;
    private final Leadership leadership;
    private final int maxBytes;
    private final Ticker ticker;
    private final Counter relayed;
    private final Counter refused;
    private Optional<Session> session = Optional.empty();
    private Optional<Loop> loop = Optional.empty();
    private volatile long oldestMillis;

    /** Whom it works with. */
    public record Collaborators(
            SubmissionStore store,
            IncidentStore incidents,
            KafkaClients clients,
            BatchMark mark,
            Leadership leadership) {}

    /**
     * Made, not started.
     *
     * @param maxBytes what is larger is refused where it is submitted
     */
    public SubmissionRelay(Collaborators with, int maxBytes, Ticker ticker, MeterRegistry meters) {
        this.store = with.store();
        this.incidents = with.incidents();
        this.clients = with.clients();
        this.mark = with.mark();
        this.leadership = with.leadership();
        this.maxBytes = maxBytes;
        this.ticker = ticker;
        this.relayed = MeterName.SUBMISSIONS_RELAYED.counter(meters, "relayed");
        this.refused = MeterName.SUBMISSIONS_RELAYED.counter(meters, "refused");
        MeterName.SUBMISSIONS_AGE.gauge(meters, this, relay -> relay.oldestMillis / 1e3);
    }

    /** A producer, held under one epoch. */
    private record Session(long epoch, SubmissionProducer producer) {}

    public synchronized void start() {
        loop = Optional.of(Loop.start("submissions", IDLE, this::runOnce));
    }

    @Override
    public synchronized void close() {
        loop.ifPresent(Loop::close);
        drop();
    }

    private void runOnce() {
        try {
            Optional<Session> held = hold();
            while (held.isPresent() && relay(held.get())) {
                held = hold();
            }
        } catch (RuntimeException e) {
            // A transaction that may not be over is ended by the next session.
            drop();
            throw e;
        }
    }

    /** The session of the epoch that this coordinator leads under. */
    private Optional<Session> hold() {
        OptionalLong epoch = leadership.epoch();
        if (session.isPresent() && (epoch.isEmpty() || session.get().epoch() != epoch.getAsLong())) {
            drop();
        }
        if (session.isEmpty() && epoch.isPresent()) {
            session = open(epoch.getAsLong());
        }
        return session;
    }

    private Optional<Session> open(long epoch) {
        if (store.take(epoch, maxBytes).isEmpty()) {
            return Optional.empty(); // a later leader's: its producer must not be fenced
        }
        SubmissionProducer producer = SubmissionProducer.open(clients, epoch);
        try {
            // After the end of the older producer's transaction: what Kafka has of it is final.
            Optional<UUID> arrived = mark.read();
            Optional<TakenOver> taken = store.take(epoch, maxBytes);
            if (taken.isEmpty()) {
                producer.close();
                return Optional.empty();
            }
            LOG.info("Brings submissions to Kafka, epoch {}", epoch);
            taken.get()
                    .lastBatch()
                    .filter(batch -> arrived.equals(Optional.of(batch)))
                    .ifPresent(batch -> store.finish(epoch, batch));
            return Optional.of(new Session(epoch, producer));
        } catch (RuntimeException e) {
            producer.close();
            throw e;
        }
    }

    /** True if there was something to bring. */
    private boolean relay(Session held) {
        List<Waiting> batch = store.next(BATCH);
        // Before they are sent, and again with each try: while Kafka refuses, this is what grows.
        oldestMillis = batch.isEmpty() ? 0 : ageMillis(batch.getFirst());
        if (batch.isEmpty()) {
            return false;
        }
        List<Refusal> astray = batch.stream()
                .filter(waiting -> !waiting.isQueue())
                .map(waiting -> new Refusal(waiting.place(), "there is no queue " + waiting.queue()))
                .toList();
        if (!astray.isEmpty()) {
            setAside(held.epoch(), astray);
            return true;
        }
        bring(held, batch);
        return true;
    }

    private void bring(Session held, List<Waiting> batch) {
        UUID id = UUID.randomUUID();
        if (!store.prepare(held.epoch(), id, batch.getLast().place())) {
            LOG.warn("The submissions are a later leader's than epoch {}; leaves them alone", held.epoch());
            drop();
            return;
        }
        List<Refusal> tooLarge = held.producer().produce(batch, mark, id);
        if (!tooLarge.isEmpty()) {
            setAside(held.epoch(), tooLarge);
            return;
        }
        relayed.increment(batch.size());
        if (store.finish(held.epoch(), id) == 0) {
            LOG.warn("A later leader than epoch {} removes the submissions that are in Kafka", held.epoch());
            drop();
        }
    }

    /** They would hold up all others for ever. */
    private void setAside(long epoch, List<Refusal> refusals) {
        if (store.refuse(epoch, refusals) == 0) {
            drop();
            return;
        }
        refused.increment(refusals.size());
        List<String> places = new ArrayList<>();
        refusals.forEach(refusal ->
                places.add(refusal.place().xid() + "/" + refusal.place().seq()));
        incidents.open(
                "submission_refused",
                "submission " + places.getFirst(),
                refusals.size() + " submissions can't be brought to Kafka and are set aside: "
                        + refusals.getFirst().why()
                        + ". The others go on. Once the cause is gone, set refused to null in muster.submission",
                Map.of("places", places, "why", refusals.getFirst().why()),
                epoch);
    }

    private long ageMillis(Waiting waiting) {
        return Math.max(0, Duration.between(waiting.saidAt(), ticker.now()).toMillis());
    }

    private void drop() {
        session.ifPresent(held -> held.producer().close());
        session = Optional.empty();
    }
}
