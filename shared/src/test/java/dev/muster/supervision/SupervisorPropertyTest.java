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
    void whatever_happens_no_child_lives_twice_and_every_call_is_answered() {
        long seed = Long.getLong("seed", System.nanoTime());
        SplittableRandom seeds = new SplittableRandom(seed);
        for (int i = 0; i < 1_000; i++) {
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
        private final Set<CallId> unanswered = new HashSet<>();
        private Optional<Action> underWay = Optional.empty();
        private SupervisorState state;
        private long nowNanos = 0;
        private long calls = 0;

        History(SplittableRandom random) {
            this.random = random;
            SupervisorSpec spec = randomSpec();
            this.state = SupervisorState.initial(spec);
            follow(SupervisorDecider.init(spec));
        }

        void run() {
            for (int i = 0; i < 100; i++) {
                nowNanos += random.nextLong(Duration.ofMillis(700).toNanos());
                switch (random.nextInt(4)) {
                    case 0, 1 -> finishWhatIsUnderWay();
                    case 2 -> someChildEnds();
                    default -> take(new Message.Call(newCall(), randomRequest()));
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
                    }
                    case SupervisorEffect.Answer(CallId to, Reply _) ->
                        assertThat(unanswered.remove(to))
                                .as("one answer to %s", to)
                                .isTrue();
                    case SupervisorEffect.Exit _ ->
                        assertThat(alive).as("nobody is left").isEmpty();
                    case SupervisorEffect.Initialized _, SupervisorEffect.Report _ -> {
                        // Nothing to carry out.
                    }
                }
            }
            assertThat(state.restarts().count())
                    .isLessThanOrEqualTo(state.flags().intensity() + 1);
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
                case 1 -> new StartResult.Ignored(pid);
                default -> {
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

        private CallId newCall() {
            CallId id = new CallId(++calls);
            unanswered.add(id);
            return id;
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
