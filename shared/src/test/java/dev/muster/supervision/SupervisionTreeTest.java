package dev.muster.supervision;

import static org.assertj.core.api.Assertions.assertThat;

import dev.muster.supervision.SupervisionTree.Member;
import dev.muster.supervision.SupervisionTree.Outcome;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** What people look up about supervisors, one after the other. */
class SupervisionTreeTest {
    private static final SupervisorFlags PATIENT = SupervisorFlags.defaults().withIntensity(10, Duration.ofSeconds(5));
    private static final ChildSpec A = ChildSpec.worker("a");
    private static final ChildSpec B = ChildSpec.worker("b");
    private static final ChildSpec C = ChildSpec.worker("c");
    private static final ExitReason NORMAL = new ExitReason.Normal();
    private static final ExitReason SHUTDOWN = new ExitReason.Shutdown();

    @Test
    void children_start_in_order_and_stop_in_reverse() {
        SupervisionTree tree = tree(PATIENT, A, B, C);

        assertThat(trace(tree)).containsExactly("start a.1", "start b.1", "start c.1");

        tree.shutdown();

        assertThat(trace(tree)).containsExactly("stop c.1", "stop b.1", "stop a.1");
        assertThat(tree.end()).contains(SHUTDOWN);
    }

    @Test
    void one_for_one_restarts_only_the_child_that_ended() {
        SupervisionTree tree = running(PATIENT.withStrategy(Strategy.ONE_FOR_ONE), A, B, C);

        tree.kill("b");

        assertThat(trace(tree)).containsExactly("start b.2");
    }

    @Test
    void one_for_all_stops_the_others_in_reverse_and_starts_all_in_order() {
        SupervisionTree tree = running(PATIENT.withStrategy(Strategy.ONE_FOR_ALL), A, B, C);

        tree.kill("b");

        assertThat(trace(tree)).containsExactly("stop c.1", "stop a.1", "start a.2", "start b.2", "start c.2");
    }

    @Test
    void rest_for_one_restarts_the_child_and_those_after_it() {
        SupervisionTree tree = running(PATIENT.withStrategy(Strategy.REST_FOR_ONE), A, B, C);

        tree.kill("b");

        assertThat(trace(tree)).containsExactly("stop c.1", "start b.2", "start c.2");
    }

    @Test
    void a_transient_child_is_restarted_after_a_crash_but_not_after_an_orderly_end() {
        SupervisionTree tree = running(PATIENT, A.withRestart(Restart.TRANSIENT), B.withRestart(Restart.TRANSIENT));

        tree.kill("a");
        tree.exit("a", NORMAL);
        tree.exit("b", SHUTDOWN);

        assertThat(trace(tree)).containsExactly("start a.2");
        assertThat(tree.members()).containsExactly(new Member.Stopped("a"), new Member.Stopped("b"));
    }

    @Test
    void a_temporary_child_is_never_restarted_not_even_with_its_group() {
        SupervisionTree tree =
                running(PATIENT.withStrategy(Strategy.ONE_FOR_ALL), A, B.withRestart(Restart.TEMPORARY), C);

        tree.kill("a");

        assertThat(trace(tree)).containsExactly("stop c.1", "stop b.1", "start a.2", "start c.2");
        assertThat(tree.members()).containsExactly(new Member.Working("a", 2), new Member.Working("c", 2));
    }

    @Test
    void one_restart_more_than_the_intensity_within_the_period_ends_the_supervisor() {
        SupervisionTree tree = running(PATIENT.withIntensity(2, Duration.ofSeconds(5)), A, B);

        tree.kill("a");
        tree.kill("b");
        tree.kill("a");

        assertThat(trace(tree)).containsExactly("start a.2", "start b.2", "stop b.2");
        assertThat(tree.end()).contains(SHUTDOWN);
    }

    @Test
    void restarts_of_long_ago_do_not_count() {
        SupervisionTree tree = running(PATIENT.withIntensity(1, Duration.ofSeconds(5)), A);

        tree.kill("a");
        tree.pass(Duration.ofSeconds(6));
        tree.kill("a");

        assertThat(trace(tree)).containsExactly("start a.2", "start a.3");
    }

    @Test
    void a_restart_exactly_one_period_ago_still_counts() {
        SupervisionTree tree = running(PATIENT.withIntensity(1, Duration.ofSeconds(5)), A);

        tree.kill("a");
        tree.pass(Duration.ofSeconds(5));
        tree.kill("a");

        assertThat(tree.end()).contains(SHUTDOWN);
    }

    @Test
    void a_restart_that_fails_is_tried_again_and_each_try_counts() {
        SupervisionTree tree = running(PATIENT.withIntensity(3, Duration.ofSeconds(5)), A, B);

        tree.plan("b", Outcome.FAILS, 2);
        tree.kill("b");
        assertThat(trace(tree)).containsExactly("b fails", "b fails", "start b.2");

        tree.kill("b");
        assertThat(trace(tree)).containsExactly("stop a.1");
        assertThat(tree.end()).contains(SHUTDOWN);
    }

    @Test
    void a_failed_start_in_a_group_stops_there_and_the_group_begins_again_with_it() {
        SupervisionTree tree = running(PATIENT.withStrategy(Strategy.ONE_FOR_ALL), A, B, C);

        tree.plan("b", Outcome.FAILS, 1);
        tree.kill("c");

        assertThat(trace(tree))
                .containsExactly(
                        "stop b.1",
                        "stop a.1",
                        "start a.2",
                        "b fails",
                        "stop a.2",
                        "start a.3",
                        "start b.2",
                        "start c.2");
    }

    @Test
    void a_start_that_says_ignore_leaves_a_child_without_a_process() {
        SupervisionTree tree = running(PATIENT, A, B);

        tree.plan("a", Outcome.IGNORES, 1);
        tree.kill("a");

        assertThat(trace(tree)).containsExactly("a ignores");
        assertThat(tree.members()).containsExactly(new Member.Stopped("a"), new Member.Working("b", 1));
    }

    @Test
    void any_significant_child_takes_the_supervisor_with_it() {
        SupervisionTree tree =
                running(PATIENT.withAutoShutdown(AutoShutdown.ANY_SIGNIFICANT), A, significant("b"), significant("c"));

        tree.exit("b", NORMAL);

        assertThat(trace(tree)).containsExactly("stop c.1", "stop a.1");
        assertThat(tree.end()).contains(SHUTDOWN);
    }

    @Test
    void the_last_significant_child_takes_the_supervisor_with_it() {
        SupervisionTree tree =
                running(PATIENT.withAutoShutdown(AutoShutdown.ALL_SIGNIFICANT), A, significant("b"), significant("c"));

        tree.exit("b", NORMAL);
        assertThat(tree.end()).isEmpty();

        tree.exit("c", NORMAL);
        assertThat(tree.end()).contains(SHUTDOWN);
    }

    @Test
    void a_significant_child_that_is_terminated_or_restarted_takes_nobody_with_it() {
        SupervisionTree tree =
                running(PATIENT.withAutoShutdown(AutoShutdown.ANY_SIGNIFICANT), significant("a"), significant("b"));

        tree.kill("a");
        tree.call(new Request.TerminateChild("b"));

        assertThat(trace(tree)).containsExactly("start a.2", "stop b.1");
        assertThat(tree.end()).isEmpty();
    }

    @Test
    void significant_children_that_are_stopped_with_their_group_have_not_ended_by_themselves() {
        SupervisionTree tree = running(
                PATIENT.withStrategy(Strategy.REST_FOR_ONE).withAutoShutdown(AutoShutdown.ALL_SIGNIFICANT),
                A,
                significant("b"),
                significant("c").withRestart(Restart.TEMPORARY));

        tree.kill("a");
        assertThat(trace(tree)).containsExactly("stop c.1", "stop b.1", "start a.2", "start b.2");
        assertThat(tree.end()).isEmpty();

        tree.exit("b", NORMAL);
        assertThat(trace(tree)).containsExactly("stop a.2");
        assertThat(tree.end()).contains(SHUTDOWN);
    }

    @Test
    void with_no_restart_allowed_the_first_crash_ends_the_supervisor_and_an_orderly_end_does_not() {
        SupervisionTree tree = running(
                PATIENT.withIntensity(0, Duration.ofSeconds(5)),
                A,
                ChildSpec.worker("b").withRestart(Restart.TRANSIENT),
                ChildSpec.worker("c").withRestart(Restart.TEMPORARY));

        tree.exit("b", NORMAL);
        tree.kill("c");
        assertThat(tree.end()).isEmpty();

        tree.kill("a");
        assertThat(tree.end()).contains(SHUTDOWN);
    }

    @Test
    void a_start_on_request_that_fails_is_no_restart() {
        SupervisionTree tree = running(PATIENT.withIntensity(0, Duration.ofSeconds(5)), A, B);
        tree.call(new Request.TerminateChild("a"));
        tree.plan("a", Outcome.FAILS, 1);

        assertThat(tree.call(new Request.RestartChild("a"))).isInstanceOf(Reply.StartFailed.class);
        assertThat(tree.members()).containsExactly(new Member.Stopped("a"), new Member.Working("b", 1));
        assertThat(tree.call(new Request.RestartChild("a"))).isInstanceOf(Reply.Started.class);
        assertThat(tree.end()).isEmpty();
    }

    @Test
    void a_supervisor_that_gives_up_is_restarted_by_the_one_above() {
        SupervisorSpec pair = new SupervisorSpec(
                PATIENT.withIntensity(0, Duration.ofSeconds(5)), List.of(ChildSpec.worker("x"), ChildSpec.worker("y")));
        SupervisionTree tree = new SupervisionTree(
                new SupervisorSpec(PATIENT, List.of(A, ChildSpec.supervisor("pair"))), Map.of("pair", pair));
        tree.takeTrace();

        tree.kill("y");

        assertThat(trace(tree)).containsExactly("stop x.1", "supervisor pair", "start x.2", "start y.2");
    }

    @Test
    void a_supervisor_below_that_cannot_start_is_a_failed_start() {
        SupervisorSpec pair = new SupervisorSpec(
                PATIENT.withIntensity(0, Duration.ofSeconds(5)), List.of(ChildSpec.worker("x"), ChildSpec.worker("y")));
        SupervisionTree tree = new SupervisionTree(
                new SupervisorSpec(PATIENT, List.of(A, ChildSpec.supervisor("pair"))), Map.of("pair", pair));
        tree.takeTrace();

        tree.plan("y", Outcome.FAILS, 1);
        tree.kill("x");

        assertThat(trace(tree))
                .containsExactly(
                        "stop y.1",
                        "supervisor pair",
                        "start x.2",
                        "y fails",
                        "stop x.2",
                        "supervisor pair",
                        "start x.3",
                        "start y.2");
    }

    private static SupervisionTree tree(SupervisorFlags flags, ChildSpec... children) {
        return new SupervisionTree(new SupervisorSpec(flags, List.of(children)), Map.of());
    }

    private static SupervisionTree running(SupervisorFlags flags, ChildSpec... children) {
        SupervisionTree tree = tree(flags, children);
        tree.takeTrace();
        return tree;
    }

    private static ChildSpec significant(String id) {
        return ChildSpec.worker(id).withRestart(Restart.TRANSIENT).withSignificant(true);
    }

    private static List<String> trace(SupervisionTree tree) {
        return tree.takeTrace().stream().map(TraceEvent::toString).toList();
    }
}
