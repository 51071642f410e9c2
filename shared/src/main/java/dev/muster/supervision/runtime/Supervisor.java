package dev.muster.supervision.runtime;

import dev.muster.supervision.CallId;
import dev.muster.supervision.ChildSpec;
import dev.muster.supervision.ExitReason;
import dev.muster.supervision.Phase;
import dev.muster.supervision.Pid;
import dev.muster.supervision.Reply;
import dev.muster.supervision.Request;
import dev.muster.supervision.Shutdown;
import dev.muster.supervision.SupervisorDecider;
import dev.muster.supervision.SupervisorEffect;
import dev.muster.supervision.SupervisorEvent;
import dev.muster.supervision.SupervisorEvent.Message;
import dev.muster.supervision.SupervisorEvent.StartResult;
import dev.muster.supervision.SupervisorFlags;
import dev.muster.supervision.SupervisorSpec;
import dev.muster.supervision.SupervisorState;
import dev.muster.time.Ticker;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.stream.Collectors;

/**
 * A supervisor that runs: {@link SupervisorDecider} with a thread around it, which carries out what it decides and tells
 * it what came of that. Itself a {@link Life}, so that trees can be made.
 *
 * <p>Source: OTP 25, {@code supervisor}. Starts and stops run on threads of their own; one at a time, as the decider wants.
 */
public final class Supervisor implements Life {
    private final String path;
    private final Ticker ticker;
    private final Consumer<SupervisionEvent> listener;
    private final LinkedBlockingQueue<Mail> inbox = new LinkedBlockingQueue<>();
    private final Map<CallId, Call> calls = new ConcurrentHashMap<>();
    private final AtomicLong lastCall = new AtomicLong();
    private final CompletableFuture<Boolean> initialized = new CompletableFuture<>();
    private final CompletableFuture<ExitReason> exit = new CompletableFuture<>();

    // Confined to the loop's thread.
    private SupervisorState state;
    private final Map<String, ChildStart> starts;
    private final Map<Pid, Running> running = new HashMap<>();
    private boolean ended;

    private Supervisor(
            String path,
            SupervisorFlags flags,
            List<ChildDefinition> children,
            Ticker ticker,
            Consumer<SupervisionEvent> listener) {
        this.path = path;
        this.ticker = ticker;
        this.listener = listener;
        this.starts = children.stream()
                .collect(Collectors.toMap(
                        child -> child.spec().id(), ChildDefinition::start, (a, _) -> a, HashMap::new));
        SupervisorDecider.Decision first = SupervisorDecider.init(new SupervisorSpec(
                flags, children.stream().map(ChildDefinition::spec).toList()));
        this.state = first.next();
        this.inbox.add(new Mail.Begin(first.effects()));
    }

    /** What the loop is told. */
    private sealed interface Mail {
        record Begin(List<SupervisorEffect> effects) implements Mail {}

        record Told(SupervisorEvent event) implements Mail {}

        /** A start has succeeded. */
        record Born(Pid pid, Life life) implements Mail {}

        /** A life that was started before does its work now. */
        record InService(Pid pid) implements Mail {}

        record Kill() implements Mail {}
    }

    /** A call that waits; {@code start}: of a child that is to be added. */
    private record Call(CompletableFuture<Reply> reply, Optional<ChildStart> start) {}

    /**
     * A child's life.
     *
     * @param wishedNanos when there was the wish to start it
     * @param servesNanos since when it is in service; empty until it is
     */
    private record Running(
            ChildSpec child, Optional<Life> life, boolean stopped, long wishedNanos, OptionalLong servesNanos) {
        static Running wished(ChildSpec child, long nowNanos) {
            return new Running(child, Optional.empty(), false, nowNanos, OptionalLong.empty());
        }

        Running born(Life life) {
            return new Running(child, Optional.of(life), stopped, wishedNanos, servesNanos);
        }

        Running serving(long nowNanos) {
            return new Running(child, life, stopped, wishedNanos, OptionalLong.of(nowNanos));
        }

        Running stopping() {
            return new Running(child, life, true, wishedNanos, servesNanos);
        }

        Optional<String> name() {
            return life.flatMap(Life::name);
        }
    }

    /**
     * Starts a supervisor and its children in order, and returns when all are in service.
     *
     * @param path names it in its tree
     * @param listener hears of everything, on the supervisor's thread; must not wait
     * @throws SupervisorStartException when a child did not start; those before it are stopped again
     * @throws IllegalArgumentException for a specification that OTP refuses
     */
    public static Supervisor start(
            String path,
            SupervisorFlags flags,
            List<ChildDefinition> children,
            Ticker ticker,
            Consumer<SupervisionEvent> listener)
            throws SupervisorStartException, InterruptedException {
        Supervisor supervisor = new Supervisor(path, flags, children, ticker, listener);
        // A platform thread: jobs that starve the carriers must not keep it from restarting anything.
        Thread.ofPlatform().name("supervisor-" + path).daemon().start(supervisor::run);
        try {
            if (!supervisor.initialized.get()) {
                throw new SupervisorStartException(path, supervisor.exit.get());
            }
            return supervisor;
        } catch (java.util.concurrent.ExecutionException e) {
            throw new IllegalStateException("INVARIANT: it completes with a value", e);
        } catch (InterruptedException e) {
            supervisor.shutdown();
            throw e;
        }
    }

    public String path() {
        return path;
    }

    @Override
    public CompletableFuture<ExitReason> onExit() {
        return exit;
    }

    /** Stops the children in reverse order, then ends. */
    @Override
    public void shutdown() {
        inbox.add(new Mail.Told(new Message.Terminate(new ExitReason.Shutdown())));
    }

    /** Kills the children all at once, then ends. */
    @Override
    public void kill() {
        inbox.add(new Mail.Kill());
    }

    /** {@code start_child}. */
    public CompletableFuture<Reply> startChild(ChildDefinition child) {
        return call(new Request.StartChild(child.spec()), Optional.of(child.start()));
    }

    /** {@code terminate_child}, {@code restart_child}, {@code delete_child}, {@code which_children}, {@code count_children}. */
    public CompletableFuture<Reply> call(Request request) {
        if (request instanceof Request.StartChild) {
            throw new IllegalArgumentException("a child to be added needs its start; use startChild");
        }
        return call(request, Optional.empty());
    }

    private CompletableFuture<Reply> call(Request request, Optional<ChildStart> start) {
        CallId id = new CallId(lastCall.incrementAndGet());
        CompletableFuture<Reply> reply = new CompletableFuture<>();
        calls.put(id, new Call(reply, start));
        inbox.add(new Mail.Told(new Message.Call(id, request)));
        if (exit.isDone()) {
            refuseCalls(); // RACE: the loop may have ended before it could see this one
        }
        return reply;
    }

    // ---- the loop ----

    private void run() {
        try {
            while (!ended) {
                read(inbox.take());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt(); // nobody has this thread to interrupt it
        } catch (
                Throwable
                        e) { // such as a listener's: a supervisor that breaks leaves no children behind, and its parent
            // decides
            running.values().forEach(child -> child.life().ifPresent(Life::kill));
            exit.complete(new ExitReason.Crash(e.toString()));
            initialized.complete(false);
        } finally {
            refuseCalls();
        }
    }

    private void read(Mail mail) {
        switch (mail) {
            case Mail.Begin(List<SupervisorEffect> effects) -> effects.forEach(this::carryOut);
            case Mail.Told(SupervisorEvent event) -> decide(event);
            case Mail.Born(Pid pid, Life life) -> born(pid, life);
            case Mail.InService(Pid pid) -> inService(pid);
            case Mail.Kill() -> {
                running.values().forEach(child -> child.life().ifPresent(Life::kill));
                end(new ExitReason.Killed());
            }
        }
    }

    private void decide(SupervisorEvent event) {
        note(event);
        SupervisorDecider.Decision decision = SupervisorDecider.decide(state, event, ticker.nanos());
        state = decision.next();
        decision.effects().forEach(this::carryOut);
        forgetStarts();
    }

    private void carryOut(SupervisorEffect effect) {
        switch (effect) {
            case SupervisorEffect.Start(ChildSpec child, Pid pid) -> start(child, pid);
            case SupervisorEffect.Stop(ChildSpec child, Pid pid) -> stop(child, pid);
            case SupervisorEffect.Initialized() -> initialized.complete(true);
            case SupervisorEffect.Answer(CallId to, Reply reply) ->
                Optional.ofNullable(calls.remove(to))
                        .ifPresent(call -> call.reply().complete(reply));
            case SupervisorEffect.Report(SupervisorEffect.Context context, ChildSpec offender, ExitReason _) -> {
                if (context == SupervisorEffect.Context.SHUTDOWN) {
                    listener.accept(new SupervisionEvent.Escalated(path, offender.id()));
                }
            }
            case SupervisorEffect.Exit(ExitReason reason) -> end(reason);
        }
    }

    private void start(ChildSpec child, Pid pid) {
        ChildStart start = startOf(child);
        running.put(pid, Running.wished(child, ticker.nanos()));
        Thread.ofVirtual().name("start-" + path + "/" + child.id()).start(() -> {
            try {
                inbox.add(start.start()
                        .<Mail>map(life -> new Mail.Born(pid, life))
                        .orElseGet(() -> new Mail.Told(new StartResult.Ignored(pid))));
            } catch (SupervisorStartException e) {
                inbox.add(new Mail.Told(new StartResult.Failed(pid, e.reason())));
            } catch (Throwable e) { // a child's start must not break its supervisor
                inbox.add(new Mail.Told(new StartResult.Failed(pid, new ExitReason.Crash(e.toString()))));
            }
        });
    }

    /** Of a child that is being added, the call knows it; it is kept for the restarts. */
    private ChildStart startOf(ChildSpec child) {
        if (state.phase() instanceof Phase.Busy(Phase.Operation.StartOnRequest(CallId from, String _), List<?> _)) {
            Optional.ofNullable(calls.get(from)).flatMap(Call::start).ifPresent(start -> starts.put(child.id(), start));
        }
        ChildStart start = starts.get(child.id());
        if (start == null) {
            throw new IllegalStateException("INVARIANT: " + path + " has a child without a start: " + child.id());
        }
        return start;
    }

    private void born(Pid pid, Life life) {
        Running wanted = running.get(pid);
        if (wanted == null) {
            throw new IllegalStateException("INVARIANT: nobody wanted " + pid);
        }
        running.put(pid, wanted.born(life));
        CompletableFuture<?> inService = life.inService();
        if (inService.isDone()) {
            inService(pid);
        } else {
            var _ = inService.thenRun(() -> inbox.add(new Mail.InService(pid)));
        }
        decide(new StartResult.Started(pid));
        var _ = life.onExit().thenAccept(reason -> inbox.add(new Mail.Told(new Message.Exited(pid, reason))));
    }

    private void inService(Pid pid) {
        Optional.ofNullable(running.get(pid)).ifPresent(child -> {
            long now = ticker.nanos();
            running.put(pid, child.serving(now));
            listener.accept(new SupervisionEvent.Started(
                    path, child.child().id(), pid.number(), Duration.ofNanos(now - child.wishedNanos()), child.name()));
        });
    }

    private void stop(ChildSpec child, Pid pid) {
        Running stopping = running.get(pid);
        if (stopping == null || stopping.life().isEmpty()) {
            return; // its exit is on its way
        }
        Life life = stopping.life().get();
        running.put(pid, stopping.stopping());
        switch (child.shutdown()) {
            case Shutdown.BrutalKill() -> life.kill();
            case Shutdown.Infinity() -> life.shutdown();
            case Shutdown.Timeout(Duration within) -> {
                life.shutdown();
                CompletableFuture.delayedExecutor(within.toNanos(), TimeUnit.NANOSECONDS)
                        .execute(life::kill);
            }
        }
    }

    /** Tells the listener what it should know of an event before the decider acts on it. */
    private void note(SupervisorEvent event) {
        switch (event) {
            case StartResult.Failed(Pid pid, ExitReason reason) ->
                Optional.ofNullable(running.remove(pid))
                        .ifPresent(wanted -> listener.accept(new SupervisionEvent.StartFailed(
                                path, wanted.child().id(), reason)));
            case StartResult.Ignored(Pid pid) -> running.remove(pid);
            case Message.Exited(Pid pid, ExitReason reason) ->
                Optional.ofNullable(running.remove(pid)).ifPresent(was -> {
                    long now = ticker.nanos();
                    listener.accept(new SupervisionEvent.Exited(
                            path,
                            was.child().id(),
                            pid.number(),
                            reason,
                            was.stopped(),
                            Duration.ofNanos(now - was.servesNanos().orElse(now)),
                            was.name()));
                });
            case StartResult.Started _, Message.Call _, Message.Terminate _, Message.TryAgainRestart _ -> {}
        }
    }

    /** Children that are gone for good leave their starts behind; now and then these are thrown away. */
    private void forgetStarts() {
        int known = state.children().list().size();
        if (starts.size() > 2 * known + 64) {
            starts.keySet()
                    .retainAll(state.children().list().stream()
                            .map(dev.muster.supervision.Child::id)
                            .collect(Collectors.toSet()));
        }
    }

    private void end(ExitReason reason) {
        ended = true;
        listener.accept(new SupervisionEvent.Ended(path, reason));
        exit.complete(reason);
        initialized.complete(false);
    }

    private void refuseCalls() {
        calls.keySet()
                .forEach(id -> Optional.ofNullable(calls.remove(id))
                        .ifPresent(call -> call.reply().complete(new Reply.Refused(Reply.Refusal.NOPROC))));
    }
}
