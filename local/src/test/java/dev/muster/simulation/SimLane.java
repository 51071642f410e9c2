package dev.muster.simulation;

import dev.muster.worker.lane.Lane;
import dev.muster.worker.lane.LaneStep;
import org.jspecify.annotations.Nullable;

/** A lane's thread: it listens for as long as the lane says, or until it is told something, then takes a turn. */
final class SimLane {
    private static final long TURN = 100_000;

    private final Proc proc;
    private final LaneStep step;
    private @Nullable Fiber listening;
    private long ticket;

    SimLane(Proc proc, LaneStep step) {
        this.proc = proc;
        this.step = step;
    }

    Lane lane() {
        return step.lane();
    }

    void run() {
        try {
            while (true) {
                listen();
                step.turn();
            }
        } finally {
            step.end();
        }
    }

    private void listen() {
        Fiber me = proc.world().current();
        ticket = me.nextTicket();
        proc.wake(me, ticket, step.isTold() ? TURN : Math.max(TURN, step.rest()));
        listening = me;
        me.pause();
        listening = null;
    }

    /** Wakes it if it has been told something meanwhile. */
    void stir() {
        Fiber waiting = listening;
        if (waiting != null && step.isTold()) {
            listening = null;
            proc.wake(waiting, ticket, proc.world().between(0, World.millis(1)));
        }
    }
}
