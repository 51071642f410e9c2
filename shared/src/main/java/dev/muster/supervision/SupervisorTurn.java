package dev.muster.supervision;

import dev.muster.supervision.Child.Status;
import dev.muster.supervision.Phase.Busy;
import dev.muster.supervision.Phase.Down;
import dev.muster.supervision.Phase.Idle;
import dev.muster.supervision.Phase.Operation;
import dev.muster.supervision.Reply.Refusal;
import dev.muster.supervision.SupervisorDecider.Decision;
import dev.muster.supervision.SupervisorEffect.Action;
import dev.muster.supervision.SupervisorEffect.Context;
import dev.muster.supervision.SupervisorEffect.Start;
import dev.muster.supervision.SupervisorEffect.Stop;
import dev.muster.supervision.SupervisorEvent.Message;
import dev.muster.supervision.SupervisorEvent.Message.Exited;
import dev.muster.supervision.SupervisorEvent.StartResult;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * One call of {@link SupervisorDecider}: takes a state apart, changes it and puts it together again. Confined to that
 * call.
 *
 * <p>It reads from top to bottom: the mailbox, the requests, what follows when a child has ended, and how starts and
 * stops are carried through one by one.
 */
final class SupervisorTurn {
    private static final ExitReason SHUTDOWN = new ExitReason.Shutdown();
    private static final ExitReason TOO_MANY_RESTARTS = new ExitReason.Crash("reached_max_restart_intensity");

    private final SupervisorFlags flags;
    private final long nowNanos;
    private final List<Message> mailbox;
    private final List<SupervisorEffect> effects = new ArrayList<>();
    private Children children;
    private RestartWindow restarts;
    private Phase phase;

    SupervisorTurn(SupervisorState state, long nowNanos) {
        this.flags = state.flags();
        this.nowNanos = nowNanos;
        this.mailbox = new ArrayList<>(state.mailbox());
        this.children = state.children();
        this.restarts = state.restarts();
        this.phase = state.phase();
    }

    Decision init() {
        perform(new Operation.Init(), starts(children.list()));
        return decision();
    }

    Decision take(SupervisorEvent event) {
        switch (event) {
            case StartResult result -> startEnded(result);
            case Message message -> mailbox.add(message);
        }
        boolean read;
        do {
            read = readMailbox();
        } while (read);
        return decision();
    }

    private Decision decision() {
        return new Decision(new SupervisorState(flags, children, restarts, phase, mailbox), effects);
    }

    // The mailbox

    /** Reads one message; false if there is none for which the supervisor has time. */
    private boolean readMailbox() {
        return switch (phase) {
            case Idle() -> readFirst(this::handle);
            case Busy busy -> readAwaitedExit(busy);
            case Down _ -> readFirst(this::turnAway);
        };
    }

    private boolean readFirst(Consumer<Message> reader) {
        if (mailbox.isEmpty()) {
            return false;
        }
        reader.accept(mailbox.removeFirst());
        return true;
    }

    /** While a child is being stopped, its exit is read before all that has come in earlier. */
    private boolean readAwaitedExit(Busy busy) {
        if (!(busy.underWay() instanceof Stop(ChildSpec _, Pid pid))) {
            return false;
        }
        Optional<Exited> exit = exitInMailbox(pid);
        exit.ifPresent(exited -> {
            mailbox.remove(exited);
            stopEnded(busy, exited.reason());
        });
        return exit.isPresent();
    }

    private Optional<Exited> exitInMailbox(Pid pid) {
        return mailbox.stream()
                .filter(Exited.class::isInstance)
                .map(Exited.class::cast)
                .filter(exited -> exited.pid().equals(pid))
                .findFirst();
    }

    private void handle(Message message) {
        switch (message) {
            case Exited(Pid pid, ExitReason reason) ->
                children.find(pid).ifPresent(child -> childEnded(child.spec(), reason));
            case Message.TryAgainRestart(String id) ->
                children.find(id)
                        .filter(child -> child.status() instanceof Status.Restarting)
                        .ifPresent(child -> restart(child.spec()));
            case Message.Call(CallId from, Request request) -> serve(from, request);
            case Message.Terminate(ExitReason reason) -> end(reason);
        }
    }

    private void turnAway(Message message) {
        if (message instanceof Message.Call(CallId from, Request _)) {
            refuse(from, Refusal.NOPROC);
        }
    }

    // The requests

    private void serve(CallId from, Request request) {
        switch (request) {
            case Request.StartChild(ChildSpec spec) -> startChild(from, spec);
            case Request.TerminateChild(String id) ->
                ifKnown(from, id, child -> {
                    forgetRetries(List.of(child));
                    perform(new Operation.StopOnRequest(from), stops(List.of(child)));
                });
            case Request.RestartChild(String id) ->
                ifEnded(from, id, child -> perform(new Operation.StartOnRequest(from, id), starts(List.of(child))));
            case Request.DeleteChild(String id) ->
                ifEnded(from, id, _ -> {
                    children = children.without(id);
                    answer(from, new Reply.Ok());
                });
            case Request.GetChildSpec(String id) ->
                ifKnown(from, id, child -> answer(from, new Reply.Spec(child.spec())));
            case Request.WhichChildren() -> answer(from, new Reply.Listed(children.list()));
            case Request.CountChildren() ->
                answer(from, children.count(pid -> exitInMailbox(pid).isEmpty()));
        }
    }

    private void startChild(CallId from, ChildSpec spec) {
        Optional<Child> present = children.find(spec.id());
        if (!flags.allow(spec)) {
            refuse(from, Refusal.BAD_COMBINATION);
        } else if (present.isEmpty()) {
            perform(new Operation.StartOnRequest(from, spec.id()), List.of(start(spec)));
        } else if (present.get().status() instanceof Status.Running(Pid pid)) {
            answer(from, new Reply.AlreadyStarted(pid));
        } else {
            refuse(from, Refusal.ALREADY_PRESENT);
        }
    }

    /** Does this with the child; the caller is refused if there is none. */
    private void ifKnown(CallId from, String id, Consumer<Child> action) {
        children.find(id).ifPresentOrElse(action, () -> refuse(from, Refusal.NOT_FOUND));
    }

    /** Does this with the child if it has ended for now; the caller is refused if it hasn't. */
    private void ifEnded(CallId from, String id, Consumer<Child> action) {
        ifKnown(from, id, child -> {
            switch (child.status()) {
                case Status.Undefined() -> action.accept(child);
                case Status.Running _ -> refuse(from, Refusal.RUNNING);
                case Status.Restarting() -> refuse(from, Refusal.RESTARTING);
            }
        });
    }

    // A child has ended by itself

    private void childEnded(ChildSpec spec, ExitReason reason) {
        if (spec.restart() == Restart.PERMANENT || !reason.isOrderly()) {
            report(Context.CHILD_TERMINATED, spec, reason);
        }
        if (spec.restart().isDueAfter(reason)) {
            restart(spec);
            return;
        }
        children = children.withEnded(spec);
        if (spec.significant() && flags.autoShutdown().isDueWith(children)) {
            end(SHUTDOWN);
        }
    }

    private void restart(ChildSpec spec) {
        children = children.withEnded(spec);
        restarts = restarts.add(nowNanos, flags.period());
        if (restarts.count() > flags.intensity()) {
            report(Context.SHUTDOWN, spec, TOO_MANY_RESTARTS);
            end(SHUTDOWN);
            return;
        }
        List<Child> group = children.groupOf(spec.id(), flags.strategy());
        forgetRetries(group);
        List<Action> actions = new ArrayList<>(stops(group));
        actions.addAll(starts(
                group.stream().filter(child -> !child.spec().isTemporary()).toList()));
        perform(new Operation.RestartGroup(), actions);
    }

    /** What is due to be tried again is void once the child is stopped or started for another reason. */
    private void forgetRetries(List<Child> group) {
        for (Child child : group) {
            if (child.status() instanceof Status.Restarting) {
                children = children.withEnded(child.spec());
            }
        }
    }

    private void end(ExitReason reason) {
        perform(new Operation.End(reason), stops(children.list()));
    }

    // Starts and stops, one at a time

    private Start start(ChildSpec spec) {
        children = children.withLastPid(children.lastPid() + 1);
        return new Start(spec, new Pid(children.lastPid()));
    }

    private List<Action> starts(List<Child> group) {
        List<Action> starts = new ArrayList<>();
        for (Child child : group) {
            starts.add(start(child.spec()));
        }
        return starts;
    }

    /** Stops for those that run, the last first. */
    private static List<Action> stops(List<Child> group) {
        List<Action> stops = new ArrayList<>();
        for (Child child : group.reversed()) {
            if (child.status() instanceof Status.Running(Pid pid)) {
                stops.add(new Stop(child.spec(), pid));
            }
        }
        return stops;
    }

    /** Sets the first action going, or is done if there is none. */
    private void perform(Operation operation, List<Action> actions) {
        if (actions.isEmpty()) {
            complete(operation);
            return;
        }
        phase = new Busy(operation, actions);
        Action first = actions.getFirst();
        // A child that has ended just before it was to be stopped needs no stop: its exit lies in the mailbox.
        if (first instanceof Start || exitInMailbox(first.pid()).isEmpty()) {
            effects.add(first);
        }
    }

    private void startEnded(StartResult result) {
        if (!(phase instanceof Busy busy)
                || !(busy.underWay() instanceof Start(ChildSpec spec, Pid pid))
                || !pid.equals(result.pid())) {
            return;
        }
        switch (result) {
            case StartResult.Started _ -> {
                children = children.with(spec, new Status.Running(pid));
                perform(busy.operation(), busy.toFollow());
            }
            case StartResult.Ignored _ -> {
                children = children.withEnded(spec);
                perform(busy.operation(), busy.toFollow());
            }
            case StartResult.Failed(Pid _, ExitReason reason) -> startFailed(busy.operation(), spec, reason);
        }
    }

    private void startFailed(Operation operation, ChildSpec spec, ExitReason reason) {
        phase = new Idle();
        switch (operation) {
            case Operation.Init() -> {
                report(Context.START_ERROR, spec, reason);
                end(new ExitReason.FailedToStartChild(spec.id(), reason));
            }
            case Operation.RestartGroup() -> {
                report(Context.START_ERROR, spec, reason);
                children = children.with(spec, new Status.Restarting());
                mailbox.add(new Message.TryAgainRestart(spec.id()));
            }
            case Operation.StartOnRequest(CallId from, String _) -> answer(from, new Reply.StartFailed(reason));
            case Operation.StopOnRequest _, Operation.End _ ->
                throw new IllegalStateException("INVARIANT: who stops children starts none: " + operation);
        }
    }

    private void stopEnded(Busy busy, ExitReason reason) {
        ChildSpec spec = busy.underWay().child();
        if (!spec.isStoppedBy(reason)) {
            report(Context.SHUTDOWN_ERROR, spec, reason);
        }
        children = children.withEnded(spec);
        perform(busy.operation(), busy.toFollow());
    }

    private void complete(Operation operation) {
        phase = new Idle();
        switch (operation) {
            case Operation.Init() -> effects.add(new SupervisorEffect.Initialized());
            case Operation.RestartGroup() -> {
                // Nobody waits for it.
            }
            case Operation.StartOnRequest(CallId from, String id) -> answer(from, startOf(id));
            case Operation.StopOnRequest(CallId from) -> answer(from, new Reply.Ok());
            case Operation.End(ExitReason reason) -> {
                phase = new Down(reason);
                effects.add(new SupervisorEffect.Exit(reason));
            }
        }
    }

    private Reply startOf(String id) {
        // A temporary child whose start said ignore is not known any more.
        Status status = children.find(id).map(Child::status).orElse(new Status.Undefined());
        return status instanceof Status.Running(Pid pid) ? new Reply.Started(pid) : new Reply.Ignored();
    }

    private void answer(CallId to, Reply reply) {
        effects.add(new SupervisorEffect.Answer(to, reply));
    }

    private void refuse(CallId to, Refusal why) {
        answer(to, new Reply.Refused(why));
    }

    private void report(Context context, ChildSpec offender, ExitReason reason) {
        effects.add(new SupervisorEffect.Report(context, offender, reason));
    }
}
