package dev.muster.bench;

import dev.muster.bench.handler.FailingHandler;
import dev.muster.bench.handler.NoopHandler;
import dev.muster.bench.handler.WaitHandler;
import dev.muster.bench.trial.MusterTrial;
import dev.muster.job.Ordering;
import dev.muster.worker.payments.PaymentChargeHandler;
import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;

/** What kind of jobs a run is made of. */
public enum Workload {
    /** Nothing is done, keys are uniform and mean nothing. */
    NOOP(NoopHandler.TYPE, Ordering.NONE, 200, 0),
    /** The same in a queue with order per key; keys follow Zipf's law (s = 1, 10,000 keys). */
    KEYED(NoopHandler.TYPE, Ordering.KEY, 200, 0),
    /** Each job waits 5 ms. */
    WAIT(WaitHandler.TYPE, Ordering.NONE, 200, 5),
    /** One job in a hundred fails once, and is tried again. */
    FAILING(FailingHandler.TYPE, Ordering.NONE, 200, 0),
    /** Payloads of 10 KB. */
    LARGE(NoopHandler.TYPE, Ordering.NONE, 10_000, 0),
    /** All jobs are due at the same moment, at which they wait already. Of Muster alone: no peer here takes a time. */
    SCHEDULED(NoopHandler.TYPE, Ordering.NONE, 200, 0),
    /** Each job is a payment: one call of the sandbox provider. Of Muster alone, by workers with their default settings. */
    PAYMENTS(PaymentChargeHandler.TYPE, Ordering.NONE, 0, 1_999);

    private final String type;
    private final Ordering ordering;
    private final int bytes;
    private final long amount;

    Workload(String type, Ordering ordering, int bytes, long amount) {
        this.type = type;
        this.ordering = ordering;
        this.bytes = bytes;
        this.amount = amount;
    }

    public String type() {
        return type;
    }

    public Ordering ordering() {
        return ordering;
    }

    /** Of a payload; 0: as many as it has. */
    public int bytes() {
        return bytes;
    }

    /** What its orders are over; for {@link #WAIT}: how long, in ms; for {@link #PAYMENTS}: in cents. */
    public long amount() {
        return amount;
    }

    public boolean isKeyed() {
        return ordering == Ordering.KEY;
    }

    /** Whether only Muster can run its jobs. */
    public boolean isForMusterAlone() {
        return this == SCHEDULED || this == PAYMENTS;
    }

    /** How many jobs make a run of a minute or two, on two cores. */
    long jobs() {
        return switch (this) {
            case NOOP, WAIT, FAILING, LARGE, SCHEDULED -> 1_000_000;
            case KEYED -> 200_000;
            case PAYMENTS -> 20_000;
        };
    }

    /** One worker, made for its jobs: a job that does nothing needs a slot only as long as its outcome waits for its batch. */
    MusterTrial.Workers workers() {
        return this == PAYMENTS ? MusterTrial.Workers.ONE_BY_DEFAULT : new MusterTrial.Workers(1, 6_000, 3);
    }

    /** The name on the command line. */
    public String wireName() {
        return name().toLowerCase(Locale.ROOT);
    }

    static String names() {
        return Arrays.stream(values()).map(Workload::wireName).collect(Collectors.joining(", "));
    }
}
