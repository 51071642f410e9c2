package dev.muster.simulation;

import java.util.ArrayList;
import java.util.List;

/**
 * An operating-system process: up, stopped by SIGSTOP, or gone. What happens to it while it is stopped happens when it
 * goes on; what happens to it when it is gone does not happen.
 */
class Proc {
    private final World world;
    private final String name;
    private final List<Runnable> deferred = new ArrayList<>();
    private final List<Fiber> fibers = new ArrayList<>();
    private State state = State.UP;
    private boolean cutFromPostgres;
    private boolean cutFromKafka;
    private boolean faulted;

    Proc(World world, String name) {
        this.world = world;
        this.name = name;
    }

    enum State {
        UP,
        FROZEN,
        GONE
    }

    final World world() {
        return world;
    }

    final State state() {
        return state;
    }

    final boolean isGone() {
        return state == State.GONE;
    }

    /** True once something has happened to it for which it may be taken for dead. */
    final boolean isFaulted() {
        return faulted;
    }

    final void fault() {
        faulted = true;
    }

    final boolean isCutFromPostgres() {
        return cutFromPostgres;
    }

    final boolean isCutFromKafka() {
        return cutFromKafka;
    }

    final void cut(boolean postgres, boolean kafka) {
        cutFromPostgres = postgres;
        cutFromKafka = kafka;
    }

    /** Does something in this process. */
    final void run(Runnable task) {
        switch (state) {
            case UP -> {
                task.run();
                if (state == State.UP) {
                    ran();
                }
            }
            case FROZEN -> deferred.add(task);
            case GONE -> {}
        }
    }

    /** Something was done in it: who waits for news may have some. */
    void ran() {}

    final void after(long nanos, Runnable task) {
        world.after(nanos, () -> run(task));
    }

    /** A thread of it that begins now. */
    final Fiber spawn(Runnable body) {
        Fiber fiber = new Fiber(body);
        fibers.add(fiber);
        after(0, () -> world.enter(fiber, fiber::begin));
        return fiber;
    }

    /** The calling thread of this process waits so long, or longer if the process is stopped. */
    final void sleep(long nanos) {
        Fiber me = world.current();
        long ticket = me.nextTicket();
        wake(me, ticket, nanos);
        me.pause();
    }

    final void wake(Fiber fiber, long ticket, long inNanos) {
        after(inNanos, () -> world.enter(fiber, () -> fiber.resume(ticket)));
    }

    final void end(Fiber fiber) {
        world.enter(fiber, fiber::kill);
        fibers.remove(fiber);
    }

    final void freeze() {
        if (state == State.UP) {
            state = State.FROZEN;
            world.note(() -> name + " is stopped");
        }
    }

    final void thaw() {
        if (state == State.FROZEN) {
            state = State.UP;
            world.note(() -> name + " goes on");
            List<Runnable> missed = List.copyOf(deferred);
            deferred.clear();
            missed.forEach(this::run);
        }
    }

    /** It is gone, with all its threads. */
    final void die(String why) {
        if (state == State.GONE) {
            return;
        }
        state = State.GONE;
        deferred.clear();
        world.note(() -> name + " is gone: " + why);
        for (Fiber fiber : List.copyOf(fibers)) {
            if (fiber.isDone() || fiber == worldCurrent()) {
                continue; // the one that calls unwinds by itself
            }
            world.enter(fiber, fiber::kill);
        }
        fibers.clear();
        died(why);
    }

    private Fiber worldCurrent() {
        return world.currentOr(NOBODY);
    }

    private static final Fiber NOBODY = new Fiber(() -> {});

    void died(String why) {}

    @Override
    public final String toString() {
        return name;
    }
}
