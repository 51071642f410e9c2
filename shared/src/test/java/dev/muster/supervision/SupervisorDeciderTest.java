package dev.muster.supervision;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.muster.supervision.Reply.Refusal;
import dev.muster.supervision.SupervisorDecider.Decision;
import dev.muster.supervision.SupervisorEffect.Answer;
import dev.muster.supervision.SupervisorEffect.Context;
import dev.muster.supervision.SupervisorEffect.Exit;
import dev.muster.supervision.SupervisorEffect.Initialized;
import dev.muster.supervision.SupervisorEffect.Report;
import dev.muster.supervision.SupervisorEffect.Start;
import dev.muster.supervision.SupervisorEffect.Stop;
import dev.muster.supervision.SupervisorEvent.Message.Call;
import dev.muster.supervision.SupervisorEvent.Message.Exited;
import dev.muster.supervision.SupervisorEvent.Message.Terminate;
import dev.muster.supervision.SupervisorEvent.StartResult.Failed;
import dev.muster.supervision.SupervisorEvent.StartResult.Ignored;
import dev.muster.supervision.SupervisorEvent.StartResult.Started;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What a supervisor wants done, event by event, and what waits while it is busy. */
class SupervisorDeciderTest {
    private static final SupervisorFlags PATIENT = SupervisorFlags.defaults().withIntensity(10, Duration.ofSeconds(5));
    private static final ChildSpec A = ChildSpec.worker("a");
    private static final ChildSpec B = ChildSpec.worker("b");
    private static final ExitReason CRASH = new ExitReason.Crash("boom");
    private static final ExitReason SHUTDOWN = new ExitReason.Shutdown();

    private SupervisorState state =
            SupervisorDecider.init(new SupervisorSpec(PATIENT, List.of())).next();

    @Test
    void starts_the_next_child_when_the_one_before_runs() {
        Decision first = SupervisorDecider.init(new SupervisorSpec(PATIENT, List.of(A, B)));
        state = first.next();

        assertThat(first.effects()).containsExactly(new Start(A, pid(1)));
        assertThat(take(new Started(pid(1)))).containsExactly(new Start(B, pid(2)));
        assertThat(take(new Started(pid(2)))).containsExactly(new Initialized());
    }

    @Test
    void a_failed_start_stops_what_was_started_and_fails_the_supervisor() {
        state = SupervisorDecider.init(new SupervisorSpec(PATIENT, List.of(A, B)))
                .next();
        take(new Started(pid(1)));

        assertThat(take(new Failed(pid(2), CRASH)))
                .containsExactly(new Report(Context.START_ERROR, B, CRASH), new Stop(A, pid(1)));
        assertThat(take(new Exited(pid(1), SHUTDOWN)))
                .containsExactly(new Exit(new ExitReason.FailedToStartChild("b", CRASH)));
    }

    @Test
    void a_temporary_child_that_is_ignored_at_boot_is_forgotten() {
        ChildSpec temporary = B.withRestart(Restart.TEMPORARY);
        state = SupervisorDecider.init(new SupervisorSpec(PATIENT, List.of(A, temporary)))
                .next();
        take(new Ignored(pid(1)));
        take(new Ignored(pid(2)));

        assertThat(ask(new Request.GetChildSpec("a"))).isEqualTo(new Reply.Spec(A));
        assertThat(ask(new Request.GetChildSpec("b"))).isEqualTo(new Reply.Refused(Refusal.NOT_FOUND));
    }

    @Test
    void what_comes_in_while_a_child_starts_is_dealt_with_afterwards_in_its_order() {
        boot(PATIENT, A, B);
        assertThat(take(new Exited(pid(1), CRASH)))
                .containsExactly(new Report(Context.CHILD_TERMINATED, A, CRASH), new Start(A, pid(3)));

        assertThat(take(new Exited(pid(2), CRASH))).isEmpty();
        assertThat(take(call(7, new Request.CountChildren()))).isEmpty();

        assertThat(take(new Started(pid(3))))
                .containsExactly(new Report(Context.CHILD_TERMINATED, B, CRASH), new Start(B, pid(4)));
        assertThat(take(new Started(pid(4)))).containsExactly(new Answer(new CallId(7), new Reply.Counted(2, 2, 0, 2)));
    }

    @Test
    void a_failing_restart_lets_pass_what_had_come_in_before() {
        boot(PATIENT, A);
        take(new Exited(pid(1), CRASH));
        take(call(7, new Request.RestartChild("a")));

        assertThat(take(new Failed(pid(2), CRASH)))
                .containsExactly(
                        new Report(Context.START_ERROR, A, CRASH),
                        new Answer(new CallId(7), new Reply.Refused(Refusal.RESTARTING)),
                        new Start(A, pid(3)));
    }

    @Test
    void whoever_terminates_a_restarting_child_ends_its_retries() {
        boot(PATIENT, A);
        take(new Exited(pid(1), CRASH));
        take(call(7, new Request.DeleteChild("a")));
        take(call(8, new Request.TerminateChild("a")));

        assertThat(take(new Failed(pid(2), CRASH)))
                .containsExactly(
                        new Report(Context.START_ERROR, A, CRASH),
                        new Answer(new CallId(7), new Reply.Refused(Refusal.RESTARTING)),
                        new Answer(new CallId(8), new Reply.Ok()));
        assertThat(ask(new Request.DeleteChild("a"))).isEqualTo(new Reply.Ok());
    }

    @Test
    void a_retry_is_void_once_the_child_is_restarted_with_its_group() {
        boot(PATIENT.withStrategy(Strategy.REST_FOR_ONE), A, B);
        take(new Exited(pid(2), CRASH));
        take(new Exited(pid(1), CRASH));

        assertThat(take(new Failed(pid(3), CRASH))).endsWith(new Start(A, pid(4)));
        assertThat(take(new Failed(pid(4), CRASH))).endsWith(new Start(A, pid(6)));
        assertThat(take(new Started(pid(6)))).containsExactly(new Start(B, pid(7)));
    }

    @Test
    void a_child_that_had_ended_before_it_was_to_be_stopped_is_not_stopped() {
        boot(PATIENT.withStrategy(Strategy.ONE_FOR_ALL), A, B);
        take(call(7, new Request.StartChild(ChildSpec.worker("c"))));
        take(new Exited(pid(1), CRASH));
        take(new Exited(pid(2), SHUTDOWN));

        assertThat(take(new Started(pid(3))))
                .contains(new Stop(ChildSpec.worker("c"), pid(3)))
                .doesNotContain(new Stop(B, pid(2)));
        assertThat(take(new Exited(pid(3), SHUTDOWN))).containsExactly(new Start(A, pid(4)));
    }

    @Test
    void an_end_that_the_stop_does_not_explain_is_reported() {
        boot(PATIENT, A);

        take(new Terminate(SHUTDOWN));

        assertThat(take(new Exited(pid(1), CRASH)))
                .containsExactly(new Report(Context.SHUTDOWN_ERROR, A, CRASH), new Exit(SHUTDOWN));
    }

    @Test
    void what_is_of_the_past_changes_nothing() {
        boot(PATIENT, A);
        SupervisorState before = state;

        take(new Exited(pid(99), CRASH));
        take(new Started(pid(1)));
        take(new Failed(pid(1), CRASH));

        assertThat(state).isEqualTo(before);
    }

    @Test
    void who_calls_a_supervisor_that_is_gone_hears_so() {
        boot(PATIENT, A);
        take(new Terminate(SHUTDOWN));
        take(call(7, new Request.WhichChildren()));

        assertThat(take(new Exited(pid(1), SHUTDOWN)))
                .containsExactly(new Exit(SHUTDOWN), new Answer(new CallId(7), new Reply.Refused(Refusal.NOPROC)));
        assertThat(ask(new Request.WhichChildren())).isEqualTo(new Reply.Refused(Refusal.NOPROC));
    }

    @Test
    void a_child_is_added_stopped_started_and_deleted_on_request() {
        boot(PATIENT, A);

        assertThat(take(call(1, new Request.StartChild(B)))).containsExactly(new Start(B, pid(2)));
        assertThat(take(new Started(pid(2)))).containsExactly(new Answer(new CallId(1), new Reply.Started(pid(2))));
        assertThat(ask(new Request.StartChild(B))).isEqualTo(new Reply.AlreadyStarted(pid(2)));
        assertThat(ask(new Request.DeleteChild("b"))).isEqualTo(new Reply.Refused(Refusal.RUNNING));
        assertThat(ask(new Request.RestartChild("b"))).isEqualTo(new Reply.Refused(Refusal.RUNNING));

        assertThat(take(call(2, new Request.TerminateChild("b")))).containsExactly(new Stop(B, pid(2)));
        assertThat(take(new Exited(pid(2), SHUTDOWN))).containsExactly(new Answer(new CallId(2), new Reply.Ok()));
        assertThat(ask(new Request.StartChild(B))).isEqualTo(new Reply.Refused(Refusal.ALREADY_PRESENT));
        assertThat(ask(new Request.CountChildren())).isEqualTo(new Reply.Counted(2, 1, 0, 2));

        assertThat(take(call(3, new Request.RestartChild("b")))).containsExactly(new Start(B, pid(3)));
        assertThat(take(new Failed(pid(3), CRASH)))
                .containsExactly(new Answer(new CallId(3), new Reply.StartFailed(CRASH)));
        assertThat(ask(new Request.DeleteChild("b"))).isEqualTo(new Reply.Ok());
        assertThat(ask(new Request.WhichChildren()))
                .isEqualTo(new Reply.Listed(List.of(new Child(A, new Child.Status.Running(pid(1))))));
    }

    @Test
    void a_new_child_whose_start_fails_is_forgotten() {
        boot(PATIENT);

        take(call(1, new Request.StartChild(A)));

        assertThat(take(new Failed(pid(1), CRASH)))
                .containsExactly(new Answer(new CallId(1), new Reply.StartFailed(CRASH)));
        assertThat(ask(new Request.DeleteChild("a"))).isEqualTo(new Reply.Refused(Refusal.NOT_FOUND));
    }

    @Test
    void a_new_child_that_says_ignore_stays_known_unless_it_is_temporary() {
        boot(PATIENT);

        take(call(1, new Request.StartChild(A)));
        assertThat(take(new Ignored(pid(1)))).containsExactly(new Answer(new CallId(1), new Reply.Ignored()));
        take(call(2, new Request.StartChild(B.withRestart(Restart.TEMPORARY))));
        assertThat(take(new Ignored(pid(2)))).containsExactly(new Answer(new CallId(2), new Reply.Ignored()));

        assertThat(ask(new Request.StartChild(A))).isEqualTo(new Reply.Refused(Refusal.ALREADY_PRESENT));
        assertThat(ask(new Request.TerminateChild("b"))).isEqualTo(new Reply.Refused(Refusal.NOT_FOUND));
    }

    @Test
    void no_significant_child_comes_under_a_supervisor_that_never_shuts_itself_down() {
        boot(PATIENT);

        assertThat(ask(new Request.StartChild(A.withRestart(Restart.TRANSIENT).withSignificant(true))))
                .isEqualTo(new Reply.Refused(Refusal.BAD_COMBINATION));
    }

    @Test
    void what_makes_no_sense_is_refused() {
        ChildSpec significant = A.withRestart(Restart.TEMPORARY).withSignificant(true);

        assertThatThrownBy(() -> A.withSignificant(true)).hasMessage("a permanent child can't be significant: a");
        assertThatThrownBy(() -> ChildSpec.worker(" ")).hasMessage("id is blank");
        assertThatThrownBy(() -> new SupervisorSpec(PATIENT, List.of(A, A))).hasMessage("two children have the id a");
        assertThatThrownBy(() -> new SupervisorSpec(PATIENT, List.of(significant)))
                .hasMessage("a child can't be significant where auto_shutdown is never: a");
        assertThatThrownBy(() -> PATIENT.withIntensity(-1, Duration.ofSeconds(1)))
                .hasMessage("intensity is negative: -1");
        assertThatThrownBy(() -> PATIENT.withIntensity(1, Duration.ZERO)).hasMessageContaining("PT0S");
        assertThatThrownBy(() -> PATIENT.withIntensity(1, Duration.ofMillis(1500)))
                .hasMessage("period is not a number of whole seconds above zero: PT1.5S");
        assertThatThrownBy(() -> new Shutdown.Timeout(Duration.ofMillis(-1))).hasMessageContaining("negative");
    }

    /** Starts all children; they get the pids 1, 2 and so on. */
    private void boot(SupervisorFlags flags, ChildSpec... children) {
        state = SupervisorDecider.init(new SupervisorSpec(flags, List.of(children)))
                .next();
        for (int i = 1; i <= children.length; i++) {
            take(new Started(pid(i)));
        }
    }

    private List<SupervisorEffect> take(SupervisorEvent event) {
        Decision decision = SupervisorDecider.decide(state, event, 0);
        state = decision.next();
        return decision.effects();
    }

    /** Asks what is answered at once. */
    private Reply ask(Request request) {
        return ((Answer) take(call(0, request)).getFirst()).reply();
    }

    private static Call call(long from, Request request) {
        return new Call(new CallId(from), request);
    }

    private static Pid pid(long number) {
        return new Pid(number);
    }
}
