package dev.muster.store;

import dev.muster.config.Setting;
import dev.muster.config.Settings;
import dev.muster.job.JobId;
import dev.muster.job.Queue;
import dev.muster.protocol.Admission;
import dev.muster.protocol.Envelope;
import dev.muster.protocol.StoredRecord;
import dev.muster.store.DeadLetterStore.Kept;
import dev.muster.store.DeadLetterStore.Kin;
import dev.muster.store.DeadLetterStore.Letter;
import dev.muster.store.DeadLetterStore.Place;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * Redrives dead letters, a page at a time, in the order in which their jobs once ran. The rate is in the times at which
 * they are due, so nothing has to stay alive until the last one has started. Stopped halfway, the same order goes on where
 * it stood: what was redriven is no dead letter any more. Thread-safe.
 */
public final class Redriver {
    /** Each page's bytes are in memory at once. */
    private static final int PAGE = 250;

    /** Of one order. */
    private static final int MOST = 100_000;

    private static final int EXAMPLES = 10;

    private final DeadLetterStore letters;
    private final QueueStore queues;
    private final int limit;
    private final int maxBytes;
    private final Admission admission;

    public Redriver(Database database, Settings settings) {
        this.letters = new DeadLetterStore(database);
        this.queues = new QueueStore(database);
        this.limit = settings.integer(Setting.REDRIVE_LIMIT, 0, 1_000);
        this.maxBytes = settings.integer(Setting.RECORD_MAX_BYTES, 1, Integer.MAX_VALUE);
        // Who has handlers are the workers: a job without one waits for a worker that has it.
        this.admission = new Admission(maxBytes, _ -> true);
    }

    /**
     * Does what the order says.
     *
     * @throws StoreException if Postgres can't; what was redriven until then stays so, and the same order goes on
     */
    public RedriveReport run(RedriveOrder order) {
        Instant started = letters.now();
        List<Place> places = letters.ordered(order.which(), started, MOST);
        Run run = new Run(order, started, queuesByName());
        for (int from = 0; from < places.size(); from += PAGE) {
            run.redrive(letters.page(places.subList(from, Math.min(from + PAGE, places.size()))));
        }
        return run.report(places.size() == MOST);
    }

    private Map<String, Queue> queuesByName() {
        return queues.list().stream().collect(Collectors.toMap(Queue::name, Function.identity()));
    }

    /** How a letter is to be redriven, or why not. */
    private sealed interface Step {
        record Ready(Letter letter) implements Step {}

        record Refusal(String detail) implements Step {}
    }

    /** One order on its way. Confined to the caller's thread. */
    private final class Run {
        private final RedriveOrder order;
        private final Instant started;
        private final Map<String, Queue> byName;
        private final UUID batch = UUID.randomUUID();
        private final Map<RedriveVerdict, Integer> counts = new EnumMap<>(RedriveVerdict.class);
        private final List<RedriveReport.Refused> refused = new ArrayList<>();
        private final Set<JobId> missing;
        private long asked;
        private Optional<Instant> lastDue = Optional.empty();

        Run(RedriveOrder order, Instant started, Map<String, Queue> byName) {
            this.order = order;
            this.started = started;
            this.byName = byName;
            this.missing = new HashSet<>(order.which().ids());
        }

        void redrive(List<Kept> page) {
            List<Letter> ready = new ArrayList<>();
            for (Kept kept : page) {
                missing.remove(kept.letter().id());
                switch (step(kept)) {
                    case Step.Ready(Letter letter) -> ready.add(letter);
                    case Step.Refusal(String detail) -> count(kept.letter().id(), RedriveVerdict.UNREADABLE, detail);
                }
            }
            if (ready.isEmpty()) {
                return;
            }
            List<RedriveVerdict> verdicts = letters.redrive(order, batch, limit, ready);
            for (int i = 0; i < verdicts.size(); i++) {
                Letter letter = ready.get(i);
                count(letter.dead().id(), verdicts.get(i), "");
                if (verdicts.get(i) == RedriveVerdict.REDRIVEN) {
                    lastDue = Optional.of(letter.due());
                }
            }
        }

        RedriveReport report(boolean more) {
            missing.forEach(id -> count(id, RedriveVerdict.GONE, ""));
            return new RedriveReport(order.dryRun(), batch, counts, refused, lastDue, more);
        }

        private Step step(Kept kept) {
            StoredRecord record = kept.record();
            Optional<byte[]> payload = Optional.empty();
            if (order.edit().isPresent()) {
                try {
                    record = record.withData(order.edit().get().data());
                    payload = Optional.of(record.value());
                } catch (IllegalArgumentException e) {
                    return new Step.Refusal("its payload can't be replaced: " + e.getMessage());
                }
            }
            if (record.size() > maxBytes) {
                return new Step.Refusal("it has " + record.size() + " bytes, more than " + maxBytes);
            }
            return kept.letter().wasJob() ? job(kept, record, payload) : record(kept, record, payload);
        }

        /** A job keeps what its record asks for. Its failures count anew, so its limit must not be lost. */
        private Step job(Kept kept, StoredRecord record, Optional<byte[]> payload) {
            DeadLetter dead = kept.letter();
            return switch (record.envelope()) {
                case Envelope.Job job ->
                    new Step.Ready(new Letter(
                            dead,
                            dead.id(),
                            due(),
                            job.retries().maxAttempts(),
                            job.deadline(),
                            Optional.empty(),
                            payload,
                            // As it was submitted, also where it is edited now: that is what may come again.
                            new Kin(Admission.identity(kept.record()), job.uniqueKey(), job.limitKey())));
                case Envelope.Rejected _ ->
                    new Step.Ready(new Letter(
                            dead,
                            dead.id(),
                            due(),
                            Optional.empty(),
                            Optional.empty(),
                            Optional.empty(),
                            payload,
                            Kin.NONE));
            };
        }

        /** A record that was no job is read again, by the rules by which it was refused. */
        private Step record(Kept kept, StoredRecord record, Optional<byte[]> payload) {
            DeadLetter dead = kept.letter();
            Queue queue = byName.get(dead.queue());
            if (queue == null) {
                return new Step.Refusal("there is no queue " + dead.queue() + " any more");
            }
            return switch (admission.judge(record, dead.position().partition(), queue)) {
                case Admission.Refused(Envelope.Reason reason, String detail, Optional<Envelope.Identity> _) ->
                    new Step.Refusal(reason.wireName() + ": " + detail);
                case Admission.Admitted(Envelope.Job job, Optional<String> orderKey, byte[] hash) -> {
                    Instant due = due();
                    yield new Step.Ready(new Letter(
                            dead,
                            job.identity()
                                    .map(i -> JobId.of(i.source(), i.id()))
                                    .orElse(dead.id()),
                            job.runAt().filter(at -> at.isAfter(due)).orElse(due),
                            job.retries().maxAttempts(),
                            job.deadline(),
                            Optional.of(new DeadLetterStore.AsJob(job.type(), orderKey, hash)),
                            payload,
                            new Kin(Optional.empty(), job.uniqueKey(), job.limitKey())));
                }
            };
        }

        /** Never the same for two, to the microsecond: a key's jobs become due in their order. */
        private Instant due() {
            return started.plusNanos(asked++ * (1_000_000_000L / order.perSecond()));
        }

        private void count(JobId id, RedriveVerdict verdict, String detail) {
            counts.merge(verdict, 1, Integer::sum);
            if (verdict != RedriveVerdict.REDRIVEN && refused.size() < EXAMPLES) {
                refused.add(new RedriveReport.Refused(id, verdict, detail));
            }
        }
    }
}
