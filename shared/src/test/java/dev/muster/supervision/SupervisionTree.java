package dev.muster.supervision;

import dev.muster.supervision.Child.Status;
import dev.muster.supervision.SupervisorDecider.Decision;
import dev.muster.supervision.SupervisorEvent.Message;
import dev.muster.supervision.SupervisorEvent.StartResult;
import dev.muster.supervision.TraceEvent.Kind;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Function;

/**
 * A tree of supervisors without a process: carries out at once what {@link SupervisorDecider} wants, on a clock that is
 * turned by hand, and notes what happened. Its workers do nothing but live and end when told to. Confined to the test's
 * thread.
 */
final class SupervisionTree {
    private static final ExitReason PLANNED = new ExitReason.Crash("planned");

    private final Map<String, SupervisorSpec> below;
    private final Map<String, Integer> incarnations = new HashMap<>();
    private final Map<String, Plan> plans = new HashMap<>();
    private final Map<CallId, Reply> replies = new HashMap<>();
    private final List<TraceEvent> trace = new ArrayList<>();
    private final Deque<Delivery> deliveries = new ArrayDeque<>();
    private final Supervisor root;
    private long nowNanos = Duration.ofDays(-1).toNanos(); // A monotonic clock may well be below zero.
    private long calls = 0;

    /** Starts the tree. The supervisors below the root are named by their ids as children. */
    SupervisionTree(SupervisorSpec root, Map<String, SupervisorSpec> below) {
        this.below = Map.copyOf(below);
        this.root = new Supervisor(root, Optional.empty());
        this.root.init(root);
        deliverAll();
    }

    /** How the start of a worker goes. */
    enum Outcome {
        STARTS,
        FAILS,
        IGNORES
    }

    /** A child, as a test sees it. */
    sealed interface Member {
        record Working(String id, int incarnation) implements Member {}

        record Supervising(String id, List<Member> members) implements Member {}

        record Stopped(String id) implements Member {}
    }

    private record Plan(Outcome outcome, int times) {}

    private record Delivery(Supervisor to, SupervisorEvent event) {}

    private record Life(Supervisor parent, Pid pid) {}

    private sealed interface Node permits Worker, Supervisor {}

    private record Worker(String id, int incarnation) implements Node {}

    // What a test does

    /** The next starts of the worker go like this, whatever was planned before. */
    void plan(String worker, Outcome outcome, int times) {
        plans.put(worker, new Plan(outcome, times));
    }

    void pass(Duration time) {
        nowNanos += time.toNanos();
    }

    /** Asks the root. */
    Reply call(Request request) {
        CallId id = new CallId(++calls);
        tell(root, new Message.Call(id, request));
        return Objects.requireNonNull(replies.remove(id), "no reply");
    }

    /** The worker ends by itself; false if it doesn't run. */
    boolean exit(String worker, ExitReason reason) {
        Optional<Life> found = root.find(worker);
        found.ifPresent(life -> {
            life.parent().processes.remove(life.pid());
            tell(life.parent(), new Message.Exited(life.pid(), reason));
        });
        return found.isPresent();
    }

    boolean kill(String worker) {
        return exit(worker, new ExitReason.Killed());
    }

    void shutdown() {
        tell(root, new Message.Terminate(new ExitReason.Shutdown()));
    }

    // What a test sees

    /** What has happened since the last look. */
    List<TraceEvent> takeTrace() {
        List<TraceEvent> taken = List.copyOf(trace);
        trace.clear();
        return taken;
    }

    /** Why the root has ended, if it has. */
    Optional<ExitReason> end() {
        return root.end;
    }

    /** The children of the root in start order. */
    List<Member> members() {
        return root.members();
    }

    // How it runs

    private void tell(Supervisor supervisor, SupervisorEvent event) {
        deliveries.add(new Delivery(supervisor, event));
        deliverAll();
    }

    private void deliverAll() {
        while (!deliveries.isEmpty()) {
            Delivery delivery = deliveries.remove();
            delivery.to().take(delivery.event());
        }
    }

    private void note(Kind kind, String id, int incarnation) {
        trace.add(new TraceEvent(kind, id, incarnation));
    }

    private Outcome nextOutcome(String worker) {
        Plan plan = plans.getOrDefault(worker, new Plan(Outcome.STARTS, 0));
        if (plan.times() == 0) {
            return Outcome.STARTS;
        }
        plans.put(worker, new Plan(plan.outcome(), plan.times() - 1));
        return plan.outcome();
    }

    /** The shell of one decider. */
    private final class Supervisor implements Node {
        private final Optional<Life> self;
        private final Map<Pid, Node> processes = new HashMap<>();
        private SupervisorState state;
        private boolean initialized = false;
        private Optional<ExitReason> end = Optional.empty();

        Supervisor(SupervisorSpec spec, Optional<Life> self) {
            this.self = self;
            this.state = SupervisorState.initial(spec);
        }

        void init(SupervisorSpec spec) {
            follow(SupervisorDecider.init(spec));
        }

        void take(SupervisorEvent event) {
            follow(SupervisorDecider.decide(state, event, nowNanos));
        }

        private void follow(Decision decision) {
            state = decision.next();
            for (SupervisorEffect effect : decision.effects()) {
                switch (effect) {
                    case SupervisorEffect.Start(ChildSpec child, Pid pid) ->
                        start(child, pid).ifPresent(this::tellSelf);
                    case SupervisorEffect.Stop(ChildSpec _, Pid pid) -> stop(pid);
                    case SupervisorEffect.Initialized() -> {
                        initialized = true;
                        tellParent(StartResult.Started::new);
                    }
                    case SupervisorEffect.Answer(CallId to, Reply reply) -> replies.put(to, reply);
                    case SupervisorEffect.Report _ -> {
                        // For operators only.
                    }
                    case SupervisorEffect.Exit(ExitReason reason) -> ended(reason);
                }
            }
        }

        /** How the start went; empty if that is not known yet. */
        private Optional<SupervisorEvent> start(ChildSpec child, Pid pid) {
            return switch (child.type()) {
                case WORKER -> Optional.of(startWorker(child.id(), pid));
                case SUPERVISOR -> {
                    SupervisorSpec spec = Objects.requireNonNull(below.get(child.id()), "no such supervisor");
                    Supervisor supervisor = new Supervisor(spec, Optional.of(new Life(this, pid)));
                    processes.put(pid, supervisor);
                    note(Kind.START_SUPERVISOR, child.id(), 0);
                    supervisor.init(spec);
                    yield Optional.empty();
                }
            };
        }

        private SupervisorEvent startWorker(String id, Pid pid) {
            return switch (nextOutcome(id)) {
                case STARTS -> {
                    Worker worker = new Worker(id, incarnations.merge(id, 1, Integer::sum));
                    processes.put(pid, worker);
                    note(Kind.START, id, worker.incarnation());
                    yield new StartResult.Started(pid);
                }
                case FAILS -> {
                    note(Kind.START_FAILED, id, 0);
                    yield new StartResult.Failed(pid, PLANNED);
                }
                case IGNORES -> {
                    note(Kind.START_IGNORED, id, 0);
                    yield new StartResult.Ignored(pid);
                }
            };
        }

        private void stop(Pid pid) {
            switch (process(pid)) {
                case Worker(String id, int incarnation) -> {
                    processes.remove(pid);
                    note(Kind.STOP, id, incarnation);
                    tellSelf(new Message.Exited(pid, new ExitReason.Shutdown()));
                }
                case Supervisor supervisor -> supervisor.tellSelf(new Message.Terminate(new ExitReason.Shutdown()));
            }
        }

        private void ended(ExitReason reason) {
            end = Optional.of(reason);
            self.ifPresent(life -> life.parent().processes.remove(life.pid()));
            tellParent(pid -> initialized ? new Message.Exited(pid, reason) : new StartResult.Failed(pid, reason));
        }

        private void tellSelf(SupervisorEvent event) {
            deliveries.add(new Delivery(this, event));
        }

        private void tellParent(Function<Pid, SupervisorEvent> event) {
            self.ifPresent(life -> life.parent().tellSelf(event.apply(life.pid())));
        }

        private Node process(Pid pid) {
            return Objects.requireNonNull(processes.get(pid), "no such process");
        }

        List<Member> members() {
            return state.children().list().stream().map(this::member).toList();
        }

        private Member member(Child child) {
            return switch (child.status()) {
                case Status.Running(Pid pid) ->
                    switch (process(pid)) {
                        case Worker(String id, int incarnation) -> new Member.Working(id, incarnation);
                        case Supervisor supervisor -> new Member.Supervising(child.id(), supervisor.members());
                    };
                case Status.Restarting(), Status.Undefined() -> new Member.Stopped(child.id());
            };
        }

        /** The worker of this name, here or below. */
        Optional<Life> find(String worker) {
            for (Map.Entry<Pid, Node> entry : processes.entrySet()) {
                Optional<Life> found = switch (entry.getValue()) {
                    case Worker(String id, int _) when id.equals(worker) -> Optional.of(new Life(this, entry.getKey()));
                    case Worker _ -> Optional.empty();
                    case Supervisor supervisor -> supervisor.find(worker);
                };
                if (found.isPresent()) {
                    return found;
                }
            }
            return Optional.empty();
        }
    }
}
