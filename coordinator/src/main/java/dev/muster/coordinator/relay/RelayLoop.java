package dev.muster.coordinator.relay;

import dev.muster.coordinator.leadership.Leadership;
import dev.muster.coordinator.loop.Loop;
import dev.muster.coordinator.stats.Tallies;
import dev.muster.kafka.KafkaClients;
import dev.muster.protocol.Topics;
import dev.muster.store.IncidentStore.Incident;
import dev.muster.store.RelayStore;
import dev.muster.store.RelayStore.Cursor;
import dev.muster.store.RelayStore.Page;
import dev.muster.store.RelayStore.Row;
import dev.muster.telemetry.MeterName;
import dev.muster.time.Ticker;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells what has happened to whoever listens on Kafka: at least once, in order per job. One transaction per batch, its
 * producer with a fixed transactional id, so that a new leader's {@code initTransactions} fences an old one's; then the
 * cursor moves, guarded by the epoch. A crash in between tells a batch again, under the same ids. Confined to the loop's
 * thread.
 */
public final class RelayLoop implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(RelayLoop.class);
    private static final String TRANSACTIONAL_ID = "muster-relay";
    /**
     * Between two batches, unless the first was full. Each is a transaction in Kafka and a commit in Postgres: without the
     * pause sixty jobs a second made thirty of both.
     */
    private static final Duration PAUSE = Duration.ofMillis(200);

    /** A transaction costs Kafka about as much for one event as for a thousand. */
    private static final int BATCH = 4_000;
    /** Of dead jobs' records and of results, of which one may have a megabyte, or 64 KiB. */
    private static final int BATCH_BYTES = 8 << 20;

    private static final int INCIDENTS = 100;

    private final RelayStore store;
    private final KafkaClients clients;
    private final Leadership leadership;
    private final Ticker ticker;
    private final Counter events;
    private final Counter deadLetters;
    private Optional<Session> session = Optional.empty();
    private Optional<Loop> loop = Optional.empty();
    private volatile long oldestMillis;

    public RelayLoop(
            RelayStore store, KafkaClients clients, Leadership leadership, Ticker ticker, MeterRegistry meters) {
        this.store = store;
        this.clients = clients;
        this.leadership = leadership;
        this.ticker = ticker;
        this.events = MeterName.RELAYED.counter(meters, Topics.EVENTS);
        this.deadLetters = MeterName.RELAYED.counter(meters, Topics.DEAD_LETTERS);
        MeterName.RELAY_AGE.gauge(meters, this, relay -> relay.oldestMillis / 1e3);
    }

    /** A producer and a cursor, held under one epoch. */
    private record Session(long epoch, Producer<byte[], byte[]> producer, Cursor cursor) {
        Session at(Cursor moved) {
            return new Session(epoch, producer, moved);
        }
    }

    public synchronized void start() {
        loop = Optional.of(Loop.start("relay", PAUSE, this::runOnce));
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
            // A transaction that may not be over is aborted by the next session's initTransactions.
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
        if (store.takeCursor(epoch).isEmpty()) {
            return Optional.empty(); // a later leader's: its producer must not be fenced
        }
        Producer<byte[], byte[]> producer = clients.transactional("muster-relay-" + epoch, TRANSACTIONAL_ID);
        try {
            producer.initTransactions();
            // After the fence of the older producer: what that one has moved the cursor to is final.
            Optional<Cursor> cursor = store.takeCursor(epoch);
            if (cursor.isPresent()) {
                LOG.info(
                        "Relays events from {}/{}, epoch {}",
                        cursor.get().xid(),
                        cursor.get().seq(),
                        epoch);
                return Optional.of(new Session(epoch, producer, cursor.get()));
            }
            producer.close(Duration.ZERO);
            return Optional.empty();
        } catch (RuntimeException e) {
            producer.close(Duration.ZERO);
            throw e;
        }
    }

    /** True if there may be more to relay at once. */
    private boolean relay(Session held) {
        Page page = store.next(held.cursor(), BATCH, BATCH_BYTES);
        List<Row> rows = page.rows();
        List<Incident> incidents = store.nextIncidents(INCIDENTS);
        if (rows.isEmpty() && incidents.isEmpty()) {
            oldestMillis = 0;
            return false;
        }
        // Before it is told, and again with each try: while Kafka refuses, this is what grows.
        oldestMillis = rows.isEmpty() ? 0 : ageMillis(rows.getFirst());
        produce(held.producer(), rows, incidents);
        if (!incidents.isEmpty()) {
            store.markRelayed(incidents);
        }
        if (!rows.isEmpty()) {
            move(held, rows);
        }
        return page.isFull() || incidents.size() == INCIDENTS;
    }

    /** One row after the other, while it is in the processor's cache; a page has megabytes. */
    private void produce(Producer<byte[], byte[]> producer, List<Row> rows, List<Incident> incidents) {
        Tallies tallies = new Tallies();
        int letters = 0;
        producer.beginTransaction();
        for (Row row : rows) {
            send(producer, EventRecords.event(row));
            EventRecords.count(row, tallies);
            Optional<ProducerRecord<byte[], byte[]>> letter = EventRecords.deadLetter(row);
            if (letter.isPresent()) {
                send(producer, letter.get());
                letters++;
            }
        }
        incidents.forEach(incident -> send(producer, EventRecords.event(incident)));
        tallies.records().forEach(tally -> send(producer, tally));
        producer.commitTransaction();
        events.increment(rows.size() + incidents.size());
        deadLetters.increment(letters);
    }

    /** Nobody waits for it: the commit fails if a send has. */
    private static void send(Producer<byte[], byte[]> producer, ProducerRecord<byte[], byte[]> record) {
        var _ = producer.send(record);
    }

    private void move(Session held, List<Row> rows) {
        Row last = rows.getLast();
        if (store.moveCursor(last.place(), held.epoch())) {
            session = Optional.of(held.at(last.place()));
        } else {
            LOG.warn("The relay's cursor belongs to a later leader than epoch {}; leaves it alone", held.epoch());
            drop();
        }
    }

    private long ageMillis(Row row) {
        return Math.max(0, Duration.between(row.times().at(), ticker.now()).toMillis());
    }

    private void drop() {
        session.ifPresent(held -> held.producer().close(Duration.ofSeconds(1)));
        session = Optional.empty();
    }
}
