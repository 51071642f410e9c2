package dev.muster.worker.payments;

import dev.muster.telemetry.MeterName;
import dev.muster.worker.FaultPoint;
import io.github.resilience4j.circuitbreaker.CircuitBreaker;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Asks the provider at an interval whether it lives, and tells the circuit where no job should have to find out: an open
 * circuit is tried by the check, and closes by its answers and those of jobs; one that is tried opens again when the
 * check fails; one that nobody uses opens when the check fails three times in a row. A closed circuit in use is left to
 * the calls themselves. Confined to the thread of {@link #run}; what it knows of the provider outlives that thread.
 */
public final class HealthCheck {
    private static final Logger LOG = LoggerFactory.getLogger(HealthCheck.class);
    private static final int FAILURES_OF_AN_IDLE_CIRCUIT = 3;

    private final PaymentGateway gateway;
    private final CircuitBreaker circuit;
    private final Duration interval;
    private final FaultPoint.Listener faults;
    private final Semaphore opened = new Semaphore(0);
    private volatile double up = Double.NaN; // nobody knows yet
    private long callsSeen;
    private int failures;

    /**
     * A check; nothing is asked yet.
     *
     * @param interval between two questions; while the circuit is open at most two seconds
     */
    public HealthCheck(PaymentGateway gateway, Duration interval, MeterRegistry meters, FaultPoint.Listener faults) {
        this.gateway = gateway;
        this.circuit = gateway.circuit();
        this.interval = interval;
        this.faults = faults;
        circuit.getEventPublisher().onStateTransition(event -> {
            if (event.getStateTransition().getToState() == CircuitBreaker.State.OPEN) {
                opened.release(); // the pace has changed
            }
        });
        MeterName.PROVIDER_UP.gauge(meters, this, check -> check.up, PaymentGateway.CIRCUIT);
    }

    /** Asks until its thread is interrupted. One thread at a time. */
    public void run() throws InterruptedException {
        while (true) {
            if (!opened.tryAcquire(pace().toNanos(), TimeUnit.NANOSECONDS)) {
                faults.reached(FaultPoint.HEALTH_CHECK);
                check();
            }
        }
    }

    private Duration pace() {
        boolean open = circuit.getState() == CircuitBreaker.State.OPEN;
        return open && interval.compareTo(PaymentGateway.OPEN) > 0 ? PaymentGateway.OPEN : interval;
    }

    private void check() {
        long started = circuit.getCurrentTimestamp();
        boolean answered = gateway.answers();
        if (Thread.currentThread().isInterrupted()) {
            return; // the check was cut off, which says nothing about the provider
        }
        note(answered);
        boolean idle = gateway.calls() == callsSeen;
        callsSeen = gateway.calls();
        switch (circuit.getState()) {
            case OPEN -> {
                if (answered) {
                    circuit.transitionToHalfOpenState();
                    succeeded(started);
                }
            }
            case HALF_OPEN -> {
                if (answered) {
                    succeeded(started);
                } else {
                    circuit.transitionToOpenState();
                }
            }
            case CLOSED -> {
                if (idle && failures >= FAILURES_OF_AN_IDLE_CIRCUIT) {
                    circuit.transitionToOpenState();
                }
            }
            case FORCED_OPEN, DISABLED, METRICS_ONLY -> {} // somebody has set it so
        }
    }

    /** One of the calls by which a half-open circuit is judged. */
    private void succeeded(long started) {
        if (circuit.tryAcquirePermission()) {
            circuit.onSuccess(circuit.getCurrentTimestamp() - started, circuit.getTimestampUnit());
        }
    }

    private void note(boolean answered) {
        failures = answered ? 0 : failures + 1;
        if (!answered && up != 0) {
            LOG.atWarn().addKeyValue("circuit", circuit.getName()).log("The provider does not answer its health check");
        } else if (answered && up == 0) {
            LOG.atInfo().addKeyValue("circuit", circuit.getName()).log("The provider answers its health check again");
        }
        up = answered ? 1 : 0;
    }
}
