package dev.muster.fleet;

import java.util.Map;

/**
 * What a worker says about itself every 250 ms on the heartbeat topic. When it was received counts, never the worker's
 * clock.
 *
 * @param sequence rises by one with each heartbeat of the incarnation, from 1
 * @param pool the worker's pool
 * @param phase where the worker is in its life
 * @param host where its health port is reached: the address that it is bound to, or its machine's name
 * @param pid its process id
 * @param healthPort where it answers {@code GET /health}, the second fact before it is declared lost
 * @param slots how many jobs it may run at once
 * @param running how many run
 * @param counters what it has done since its start
 * @param circuits the state of each circuit breaker: closed, open or half_open
 */
public record Heartbeat(
        Incarnation incarnation,
        long sequence,
        String pool,
        Phase phase,
        String host,
        long pid,
        int healthPort,
        int slots,
        int running,
        Counters counters,
        Map<String, String> circuits) {

    public Heartbeat {
        circuits = Map.copyOf(circuits);
    }

    /** Where a worker is in its life. */
    public enum Phase {
        /** Not a member of its group yet. */
        STARTING,
        /** Takes jobs. */
        RUNNING,
        /** Has left its group and finishes what runs. */
        DRAINING
    }

    /** Totals since the process started. */
    public record Counters(long claimed, long settled, long adopted, long rejected) {}
}
