package dev.muster.worker.lane;

import static org.assertj.core.api.Assertions.assertThat;

import dev.muster.job.JobId;
import dev.muster.store.Outcome;
import dev.muster.store.RunningJob;
import dev.muster.time.Ticker;
import dev.muster.worker.execution.EffectGuard;
import dev.muster.worker.execution.JobRunner;
import dev.muster.worker.execution.Run;
import dev.muster.worker.execution.Runner;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Who of a group begins when, and what becomes of the rest. The executor's and the lane's part are the test's. */
class GroupTest {
    private final List<String> said = new ArrayList<>();
    private final List<Run> begun = new ArrayList<>();
    private boolean open = true;
    private long now;

    private final Group group = new Group(
            IntStream.rangeClosed(1, 3).mapToObj(GroupTest::job).toList(),
            new Runner() {
                @Override
                public boolean isReady() {
                    return open;
                }

                @Override
                public boolean start(Run run, EffectGuard.Intents intents, JobRunner.Listener listener) {
                    if (open) {
                        begun.add(run);
                        said.add("begin " + number(run));
                    }
                    return open;
                }
            },
            new Ticker() {
                @Override
                public long nanos() {
                    return now;
                }

                @Override
                public Instant now() {
                    return Instant.EPOCH.plusNanos(now);
                }
            },
            Duration.ofMillis(50),
            request -> new CompletableFuture<>(),
            new Group.News() {
                @Override
                public void entered(Run run, Instant at) {
                    said.add("enter " + number(run));
                }

                @Override
                public void ended(Run run, Outcome outcome, long took, List<Run> back) {
                    said.add("end " + number(run) + " " + outcome.verdict().wireName() + numbers(back));
                }

                @Override
                public void dropped(Run run, List<Run> back) {
                    said.add("drop " + number(run) + numbers(back));
                }
            });

    @Test
    void each_begins_when_the_one_before_it_has_said_that_it_succeeded() {
        assertThat(group.begin()).isTrue();
        end(Outcome.Verdict.SUCCEEDED);
        end(Outcome.Verdict.SUCCEEDED);
        end(Outcome.Verdict.SUCCEEDED);

        assertThat(said)
                .containsExactly(
                        "begin 1", "end 1 succeeded", "begin 2", "end 2 succeeded", "begin 3", "end 3 succeeded");
    }

    @Test
    void the_first_is_whoever_has_nobody_before_it_that_is_not_written_down() {
        List<Run> all = group.members();

        assertThat(all.stream().map(group::isFirst)).containsExactly(true, false, false);
        assertThat(group.leaves(all.get(0))).isFalse();
        assertThat(all.stream().map(group::isFirst)).containsExactly(false, true, false);
        assertThat(List.of(group.leaves(all.get(2)), group.leaves(all.get(1)))).containsExactly(false, true);
    }

    @Test
    void whoever_joins_begins_behind_all_others() {
        group.begin();
        assertThat(group.join(last(), List.of(run(4), run(5)))).isTrue();
        for (int i = 1; i <= 5; i++) {
            end(Outcome.Verdict.SUCCEEDED);
        }

        assertThat(said).endsWith("end 3 succeeded", "begin 4", "end 4 succeeded", "begin 5", "end 5 succeeded");
    }

    @Test
    void whoever_joins_when_all_have_succeeded_begins_at_once_and_is_not_the_first() {
        succeedThrice();
        Run fourth = run(4);
        assertThat(group.join(last(), List.of(fourth))).isTrue();

        assertThat(said).endsWith("end 3 succeeded", "begin 4");
        assertThat(group.isFirst(fourth)).isFalse();
    }

    @Test
    void whoever_joins_late_is_given_back_with_the_rest() {
        group.begin();
        assertThat(group.join(last(), List.of(run(4)))).isTrue();
        end(Outcome.Verdict.DEAD);

        assertThat(said).containsExactly("begin 1", "end 1 dead [2, 3, 4]");
    }

    @Test
    void nobody_joins_behind_a_row_that_is_not_the_last_here() {
        group.begin();
        assertThat(group.join(group.members().get(1), List.of(run(4)))).isFalse();
    }

    @Test
    void nobody_joins_what_did_not_go_well() {
        group.begin();
        end(Outcome.Verdict.RETRIED);
        assertThat(group.join(last(), List.of(run(4)))).isFalse();
        assertThat(group.members()).hasSize(3);
    }

    @Test
    void nobody_joins_where_nobody_runs_them() {
        succeedThrice();
        open = false;
        assertThat(group.join(last(), List.of(run(4)))).isFalse();
        open = true;
        assertThat(group.join(last(), List.of(run(4))))
                .as("not behind a gap either")
                .isFalse();
    }

    private void succeedThrice() {
        group.begin();
        for (int i = 1; i <= 3; i++) {
            end(Outcome.Verdict.SUCCEEDED);
        }
    }

    private Run last() {
        return group.members().getLast();
    }

    private static Run run(int n) {
        return new Run(job(n));
    }

    @Test
    void with_what_ends_it_the_rest_is_given_back() {
        group.begin();
        end(Outcome.Verdict.RETRIED);

        assertThat(said).containsExactly("begin 1", "end 1 retried [2, 3]");
    }

    @Test
    void when_the_time_is_over_the_rest_is_given_back() {
        group.begin();
        now = Duration.ofMillis(200).toNanos();
        end(Outcome.Verdict.SUCCEEDED);

        assertThat(said).containsExactly("begin 1", "end 1 succeeded [2, 3]");
    }

    @Test
    void while_one_takes_too_long_the_rest_is_given_up() {
        group.begin();
        assertThat(group.late()).isEmpty();
        now = Duration.ofMillis(200).toNanos();

        assertThat(group.late()).isEqualTo(group.members().subList(1, 3));
        assertThat(group.join(last(), List.of(run(4)))).isFalse();
        end(Outcome.Verdict.SUCCEEDED);
        assertThat(said).containsExactly("begin 1", "end 1 succeeded");
        assertThat(group.join(last(), List.of(run(4)))).as("nor later").isFalse();
    }

    @Test
    void of_a_run_that_was_lost_the_rest_is_given_back() {
        group.begin();
        group.dropped(begun.getLast());

        assertThat(said).containsExactly("begin 1", "drop 1 [2, 3]");
    }

    @Test
    void who_was_lost_before_its_turn_does_not_begin() {
        group.begin();
        group.members().get(1).lose();
        end(Outcome.Verdict.SUCCEEDED);

        assertThat(said).containsExactly("begin 1", "end 1 succeeded", "drop 2 [3]");
    }

    @Test
    void where_nobody_runs_them_any_more_none_is_left_behind() {
        group.begin();
        open = false;
        end(Outcome.Verdict.SUCCEEDED);

        assertThat(said).containsExactly("begin 1", "end 1 succeeded", "drop 2 [3]");
    }

    private void end(Outcome.Verdict verdict) {
        Run run = begun.getLast();
        group.ended(run, new Outcome(run.id(), 1, verdict, "", "", "", Duration.ZERO, Optional.empty(), List.of()));
    }

    private static RunningJob job(int n) {
        return new RunningJob(
                JobId.of("test", Integer.toString(n)),
                "test",
                1,
                new RunningJob.Place("q", 0, n),
                Optional.of("k"),
                RunningJob.Budget.unspent(Optional.empty()),
                new RunningJob.Times(Instant.EPOCH, Optional.empty()),
                new RunningJob.Bytes(null, new byte[0], null));
    }

    private static long number(Run run) {
        return run.job().place().offset();
    }

    private static String numbers(List<Run> runs) {
        return runs.isEmpty() ? "" : " " + runs.stream().map(GroupTest::number).toList();
    }
}
