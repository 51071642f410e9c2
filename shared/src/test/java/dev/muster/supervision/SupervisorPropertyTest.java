package dev.muster.supervision;

import static org.assertj.core.api.Assertions.assertThat;

import dev.muster.supervision.SupervisorDecider.Decision;
import dev.muster.supervision.SupervisorEffect.Action;
import dev.muster.supervision.SupervisorEvent.Message;
import dev.muster.supervision.SupervisorEvent.StartResult;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** What holds whatever happens, and in whatever order it is heard of. A seed is replayed with {@code -Dseed=}. */
class SupervisorPropertyTest {
    private static final ExitReason SHUTDOWN = new ExitReason.Shutdown();
    private static final List<ExitReason> REASONS =
            List.of(new ExitReason.Normal(), SHUTDOWN, new ExitReason.Killed(), new ExitReason.Crash("boom"));

    @Test
    void no_child_lives_twice_or_is_lost_the_order_is_kept_the_intensity_holds_and_every_call_is_answered() {
        long seed = Long.getLong("seed", System.nanoTime());
        SplittableRandom seeds = new SplittableRandom(seed);
        for (int i = 0; i < 3_000; i++) {
            try {
                new History(seeds.split()).run();
            } catch (AssertionError | RuntimeException e) {
                throw new AssertionError("history " + i + " of -Dseed=" + seed, e);
            }
        }
    }

    /** A supervisor and the processes of its children. */
    private static final class History {
        private final SplittableRandom random;
        private final Map<Pid, String> alive = new HashMap<>();
        private final Map<CallId, Request> unanswered = new HashMap<>();
        /** Ids of children that only a request may make unknown: all but temporary ones. */
        private final Set<String> kept = new HashSet<>();
        /** Ids of children that need not run: stopped on request, or their start said ignore. */
        private final Set<String> down = new HashSet<>();
        /** Under one_for_one: the second of each restart, which is one start. */
        private final List<Long> restarts = new ArrayList<>();

        private Optional<Step> lastStep = Optional.empty();
        private Optional<Action> underWay = Optional.empty();
        private SupervisorState state;
        private long nowNanos = 0;
        private long calls = 0;

        History(SplittableRandom random) {
            this.random = random;
            SupervisorSpec spec = randomSpec();
            this.state = SupervisorState.initial(spec);
            spec.children().stream().filter(child -> !child.isTemporary()).forEach(child -> kept.add(child.id()));
            follow(SupervisorDecider.init(spec));
        }

        /** An action, and the operation that it belongs to. */
        private record Step(Phase.Operation operation, Action action) {}

        void run() {
            for (int i = 0; i < 100; i++) {
                nowNanos += random.nextLong(Duration.ofMillis(700).toNanos());
                switch (random.nextInt(4)) {
                    case 0, 1 -> finishWhatIsUnderWay();
                    case 2 -> someChildEnds();
                    default -> ask(randomRequest());
                }
            }
            take(new Message.Terminate(SHUTDOWN));
            while (underWay.isPresent()) {
                finishWhatIsUnderWay();
            }
            assertThat(state.phase()).isInstanceOf(Phase.Down.class);
            assertThat(alive).isEmpty();
            assertThat(unanswered).isEmpty();
        }

        private void take(SupervisorEvent event) {
            follow(SupervisorDecider.decide(state, event, nowNanos));
        }

        private void follow(Decision decision) {
            state = decision.next();
            for (SupervisorEffect effect : decision.effects()) {
                switch (effect) {
                    case Action action -> {
                        assertThat(underWay).as("one thing at a time").isEmpty();
                        underWay = Optional.of(action);
                        if (action instanceof SupervisorEffect.Start(ChildSpec child, Pid _)) {
                            assertThat(alive.values()).doesNotContain(child.id());
                        }
                        check(action);
                    }
                    case SupervisorEffect.Answer(CallId to, Reply reply) -> {
                        Request request = unanswered.remove(to);
                        assertThat(request).as("one answer to %s", to).isNotNull();
                        answered(Objects.requireNonNull(request), reply);
                    }
                    case SupervisorEffect.Exit _ ->
                        assertThat(alive).as("nobody is left").isEmpty();
                    case SupervisorEffect.Initialized _, SupervisorEffect.Report _ -> {
                        // Nothing to carry out.
                    }
                }
            }
            assertThat(state.restarts().count())
                    .isLessThanOrEqualTo(state.flags().intensity() + 1);
            if (state.phase() instanceof Phase.Idle) {
                assertNobodyIsLost();
            }
        }

        /** The order within an operation, and the intensity by a count of its own. */
        @SuppressWarnings("ReferenceEquality") // two restarts are equal, but not the same
        private void check(Action action) {
            Phase.Operation operation = ((Phase.Busy) state.phase()).operation();
            lastStep.filter(last -> last.operation() == operation).ifPresent(last -> {
                int before = index(last.action());
                int now = index(action);
                if (action instanceof SupervisorEffect.Stop) {
                    assertThat(last.action()).as("stops come first").isInstanceOf(SupervisorEffect.Stop.class);
                    assertThat(before < 0 || before > now)
                            .as("stops in reverse")
                            .isTrue();
                } else if (last.action() instanceof SupervisorEffect.Start) {
                    assertThat(before).as("starts in order").isLessThan(now);
                }
            });
            lastStep = Optional.of(new Step(operation, action));
            if (operation instanceof Phase.Operation.RestartGroup
                    && state.flags().strategy() == Strategy.ONE_FOR_ONE
                    && action instanceof SupervisorEffect.Start) {
                long second = nowNanos / Duration.ofSeconds(1).toNanos();
                restarts.add(second);
                long within = restarts.stream()
                        .filter(then -> second - then <= state.flags().period().toSeconds())
                        .count();
                assertThat(within)
                        .as("restarts within the period")
                        .isLessThanOrEqualTo(state.flags().intensity());
            }
        }

        /** Where the child stands; -1: it was temporary and is forgotten. */
        private int index(Action action) {
            return state.children().list().stream()
                    .map(Child::id)
                    .toList()
                    .indexOf(action.child().id());
        }

        private void answered(Request request, Reply reply) {
            switch (request) {
                case Request.StartChild(ChildSpec spec) -> {
                    if (!spec.isTemporary() && (reply instanceof Reply.Started || reply instanceof Reply.Ignored)) {
                        kept.add(spec.id());
                    }
                }
                case Request.DeleteChild(String id) -> {
                    if (reply instanceof Reply.Ok) {
                        kept.remove(id);
                    }
                }
                case Request.TerminateChild _ -> {
                    if (reply instanceof Reply.Ok) {
                        // Was it being restarted with its group, then those after it are not started either: as in OTP.
                        state.children().list().stream()
                                .filter(child -> !(child.status() instanceof Child.Status.Running))
                                .forEach(child -> down.add(child.id()));
                    }
                }
                case Request.RestartChild _,
                        Request.GetChildSpec _,
                        Request.WhichChildren _,
                        Request.CountChildren _ -> {
                    // Makes nobody known or unknown.
                }
            }
        }

        private void assertNobodyIsLost() {
            List<Child> children = state.children().list();
            assertThat(children.stream().map(Child::id)).containsAll(kept);
            boolean retries = children.stream().anyMatch(child -> child.status() instanceof Child.Status.Restarting);
            assertThat(children)
                    .filteredOn(child -> child.spec().restart() == Restart.PERMANENT && !retries)
                    .filteredOn(child -> child.status() instanceof Child.Status.Undefined)
                    .allMatch(child -> down.contains(child.id()));
        }

        private void finishWhatIsUnderWay() {
            if (underWay.isEmpty()) {
                return;
            }
            Action action = underWay.get();
            underWay = Optional.empty();
            switch (action) {
                case SupervisorEffect.Start(ChildSpec child, Pid pid) -> take(startResult(child, pid));
                case SupervisorEffect.Stop(ChildSpec _, Pid pid) -> {
                    alive.remove(pid);
                    take(new Message.Exited(pid, SHUTDOWN));
                }
            }
        }

        private StartResult startResult(ChildSpec child, Pid pid) {
            return switch (random.nextInt(6)) {
                case 0 -> new StartResult.Failed(pid, new ExitReason.Crash("no start"));
                case 1 -> {
                    down.add(child.id());
                    yield new StartResult.Ignored(pid);
                }
                default -> {
                    down.remove(child.id());
                    alive.put(pid, child.id());
                    yield new StartResult.Started(pid);
                }
            };
        }

        private void someChildEnds() {
            List<Pid> pids = new ArrayList<>(alive.keySet());
            if (pids.isEmpty()) {
                return;
            }
            Pid pid = oneOf(pids);
            alive.remove(pid);
            underWay = underWay.filter(action -> !action.pid().equals(pid)); // There is nothing left to stop.
            take(new Message.Exited(pid, oneOf(REASONS)));
        }

        private <T> T oneOf(List<T> choices) {
            return choices.get(random.nextInt(choices.size()));
        }

        private void ask(Request request) {
            CallId id = new CallId(++calls);
            unanswered.put(id, request);
            take(new Message.Call(id, request));
        }

        private SupervisorSpec randomSpec() {
            SupervisorFlags flags = new SupervisorFlags(
                    oneOf(List.of(Strategy.values())),
                    random.nextInt(8),
                    Duration.ofSeconds(1 + random.nextInt(5)),
                    oneOf(List.of(AutoShutdown.values())));
            List<ChildSpec> children = new ArrayList<>();
            for (int i = 0; i < 4; i++) {
                children.add(randomChild("child-" + i, flags));
            }
            return new SupervisorSpec(flags, children);
        }

        private ChildSpec randomChild(String id, SupervisorFlags flags) {
            Restart restart = oneOf(List.of(Restart.values()));
            boolean maySignify = restart != Restart.PERMANENT && flags.autoShutdown() != AutoShutdown.NEVER;
            return ChildSpec.worker(id).withRestart(restart).withSignificant(maySignify && random.nextBoolean());
        }

        private Request randomRequest() {
            String id = "child-" + random.nextInt(6);
            return switch (random.nextInt(6)) {
                case 0 -> new Request.StartChild(randomChild(id, state.flags()));
                case 1 -> new Request.TerminateChild(id);
                case 2 -> new Request.RestartChild(id);
                case 3 -> new Request.DeleteChild(id);
                case 4 -> new Request.WhichChildren();
                default -> new Request.CountChildren();
            };
        }
    }
}
