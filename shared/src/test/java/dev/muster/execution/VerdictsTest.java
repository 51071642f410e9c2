package dev.muster.execution;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.muster.job.CallUnderWayException;
import dev.muster.job.JobId;
import dev.muster.job.JobResult;
import dev.muster.job.ParkedException;
import dev.muster.job.RetryPolicy;
import dev.muster.protocol.RecordHeaders;
import dev.muster.protocol.Submission;
import dev.muster.store.Outcome;
import dev.muster.store.OwnershipStore.Wish;
import dev.muster.store.RunningJob;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

final class VerdictsTest {
    private static final RetryPolicy POLICY = new RetryPolicy(3, Duration.ofMillis(100), Duration.ofSeconds(1));
    private static final Instant ENTERED = Instant.parse("2030-01-01T00:00:00Z");

    @Test
    void what_is_final_is_taken_as_it_is_said() {
        assertThat(of(0, JobResult.succeeded("ch_1"))).satisfies(outcome -> {
            assertThat(outcome.verdict()).isEqualTo(Outcome.Verdict.SUCCEEDED);
            assertThat(outcome.result()).isEqualTo("ch_1");
            assertThat(outcome.enteredAt()).contains(ENTERED);
            assertThat(outcome.closedSteps()).containsExactly("charge");
        });
        assertThat(of(0, new JobResult.Declined("no")).verdict()).isEqualTo(Outcome.Verdict.DECLINED);
        assertThat(of(0, new JobResult.Fail("no")).verdict()).isEqualTo(Outcome.Verdict.DEAD);
        assertThat(of(0, new JobResult.Cancelled("no")).verdict()).isEqualTo(Outcome.Verdict.CANCELLED);
    }

    @Test
    void what_would_run_again_is_over_when_somebody_wishes_it_cancelled_and_what_is_final_stands() {
        Wish wish = new Wish(JobId.of("test", "1"), "alice", Optional.of("wrong amount"));

        for (JobResult again : List.of(JobResult.retry("x"), new JobResult.Snooze("x", Duration.ofSeconds(1)))) {
            assertThat(Verdicts.heeding(wish, of(0, again), false)).satisfies(outcome -> {
                assertThat(outcome.verdict()).isEqualTo(Outcome.Verdict.CANCELLED);
                assertThat(outcome.reason()).isEqualTo("wrong amount");
                assertThat(outcome.detail()).isEqualTo("x");
                assertThat(outcome.closedSteps()).containsExactly("charge");
            });
        }
        for (JobResult end : List.of(
                JobResult.succeeded("ch_1"),
                new JobResult.Declined("no"),
                new JobResult.Fail("no"),
                new JobResult.Unknown("no answer"))) {
            Outcome said = of(0, end);
            assertThat(Verdicts.heeding(wish, said, false)).isEqualTo(said);
        }
        assertThat(Verdicts.heeding(wish, of(2, JobResult.retry("interrupted")), true)
                        .verdict())
                .as("the last run of its budget, which the wish has interrupted")
                .isEqualTo(Outcome.Verdict.CANCELLED);
    }

    @Test
    void a_failure_is_tried_again_until_the_budget_is_spent() {
        assertThat(of(0, JobResult.retry("x")).verdict()).isEqualTo(Outcome.Verdict.RETRIED);
        assertThat(of(1, JobResult.retry("x")).verdict()).isEqualTo(Outcome.Verdict.RETRIED);
        assertThat(of(2, JobResult.retry("x"))).satisfies(outcome -> {
            assertThat(outcome.verdict()).isEqualTo(Outcome.Verdict.DEAD);
            assertThat(outcome.reason()).isEqualTo("gave up after 3 failures: x");
            assertThat(outcome.delay()).as("for a job that can't be closed").isPositive();
        });
    }

    @Test
    void the_submitters_own_limit_goes_before_the_handlers() {
        assertThat(of(running(0, Optional.of(1)), JobResult.retry("x")).verdict())
                .isEqualTo(Outcome.Verdict.DEAD);
        assertThat(of(running(5, Optional.of(9)), JobResult.retry("x")).verdict())
                .isEqualTo(Outcome.Verdict.RETRIED);
    }

    @Test
    void snoozes_and_unknowns_spend_nothing() {
        assertThat(of(2, new JobResult.Snooze("later", Duration.ofMinutes(1)))).satisfies(outcome -> {
            assertThat(outcome.verdict()).isEqualTo(Outcome.Verdict.SNOOZED);
            assertThat(outcome.delay()).isEqualTo(Duration.ofMinutes(1));
        });
        assertThat(of(2, new JobResult.Unknown("timeout")).verdict()).isEqualTo(Outcome.Verdict.UNKNOWN);
        assertThat(of(2, new JobResult.Unknown("timeout")).delay()).isPositive();
    }

    @Test
    void the_wait_that_a_handler_asks_for_is_kept_within_the_calendar() {
        Duration forEver = Duration.ofSeconds(Long.MAX_VALUE);

        assertThat(of(0, new JobResult.Retry("x", Optional.of(Duration.ofSeconds(7))))
                        .delay())
                .isEqualTo(Duration.ofSeconds(7));
        assertThat(of(0, new JobResult.Retry("x", Optional.of(forEver))).delay())
                .isEqualTo(Verdicts.MAX_DELAY);
        assertThat(of(0, new JobResult.Snooze("x", forEver)).delay()).isEqualTo(Verdicts.MAX_DELAY);
        assertThat(of(0, new JobResult.Snooze("x", Duration.ofSeconds(-1))).delay())
                .isZero();
    }

    @Test
    void a_result_too_long_to_keep_is_a_dead_job_and_not_a_broken_worker() {
        assertThat(of(0, JobResult.succeeded("x".repeat(70_000))).verdict()).isEqualTo(Outcome.Verdict.DEAD);
    }

    @Test
    void an_exception_is_a_failure_with_its_class_and_first_line() {
        Outcome outcome = thrown(new IllegalStateException("first\nsecond"));

        assertThat(outcome.verdict()).isEqualTo(Outcome.Verdict.RETRIED);
        assertThat(outcome.reason()).isEqualTo("first");
        assertThat(outcome.detail()).isEqualTo("java.lang.IllegalStateException: first\nsecond");
        assertThat(thrown(new IllegalStateException()).reason()).isEqualTo("IllegalStateException");
    }

    @Test
    void a_call_that_is_still_under_way_leaves_it_unknown_and_spends_nothing() {
        Outcome busy = thrown(new CallUnderWayException("busy"));

        assertThat(busy.verdict()).isEqualTo(Outcome.Verdict.UNKNOWN);
        assertThat(busy.reason()).isEqualTo("busy");
        assertThat(busy.delay()).isPositive();
    }

    @Test
    void an_open_circuit_parks_and_spends_nothing() {
        Outcome outcome = thrown(new ParkedException("open", Duration.ofSeconds(2)));

        assertThat(outcome.verdict()).isEqualTo(Outcome.Verdict.PARKED);
        assertThat(outcome.delay()).isEqualTo(Duration.ofSeconds(2));
    }

    @Test
    void a_message_of_any_length_is_cut() {
        assertThat(thrown(new IllegalStateException("x".repeat(100_000))).detail())
                .hasSizeLessThan(2_100);
    }

    /** Null in an answer fails within the handler's own run; it never reaches the worker. */
    @Test
    @SuppressWarnings("NullAway") // handlers are other people's code
    void an_answer_with_a_null_in_it_can_not_be_made() {
        assertThatThrownBy(() -> new JobResult.Fail(null)).isInstanceOf(NullPointerException.class);
        assertThatThrownBy(() -> JobResult.succeeded(null)).isInstanceOf(NullPointerException.class);
        assertThatThrownBy(() -> new JobResult.Retry("x", null)).isInstanceOf(NullPointerException.class);
        assertThatThrownBy(() -> new JobResult.Snooze("x", null)).isInstanceOf(NullPointerException.class);
    }

    @Test
    void an_exception_whose_own_code_breaks_is_a_failure_like_any_other() {
        Outcome outcome = thrown(new IllegalStateException() {
            private static final long serialVersionUID = 1L;

            @Override
            public String getMessage() {
                throw this;
            }
        });

        assertThat(outcome.verdict()).isEqualTo(Outcome.Verdict.RETRIED);
        assertThat(outcome.reason()).startsWith("its message can't be read: ");
    }

    @Test
    void a_job_brings_its_own_waits_between_failed_runs() {
        for (int failures = 0; failures < 2; failures++) {
            assertThat(of(submitted(failures, "PT100S", "PT101S"), JobResult.retry("x"))
                            .delay())
                    .as("a policy of the handler's would wait a second at most")
                    .isBetween(Duration.ofSeconds(1), Duration.ofSeconds(101));
        }
        assertThat(of(submitted(1, "PT0.002S", "PT0.002S"), JobResult.retry("x"))
                        .delay())
                .isLessThanOrEqualTo(Duration.ofMillis(2));
        assertThat(of(submitted(1, "PT10S", "PT0.001S"), JobResult.retry("x")).delay())
                .as("a cap below the base is the base")
                .isEqualTo(Duration.ofMillis(1));
        assertThat(of(submitted(0, "PT10S", "PT10S"), new JobResult.Retry("x", Optional.of(Duration.ofMillis(7))))
                        .delay())
                .as("what the handler says of this failure goes before")
                .isEqualTo(Duration.ofMillis(7));
    }

    /** A job with waits of its own; whichever the jitter of this seed, 100 s at most are more than a second. */
    private static RunningJob submitted(int failures, String base, String cap) {
        RunningJob job = running(failures, Optional.empty());
        byte[] headers = RecordHeaders.encode(new Submission(
                        "test",
                        "1",
                        "test",
                        Optional.empty(),
                        new byte[0],
                        Map.of("musterretrybase", base, "musterretrycap", cap))
                .toRecord("q")
                .headers());
        return new RunningJob(
                job.id(),
                job.type(),
                job.attempt(),
                job.place(),
                job.key(),
                job.budget(),
                job.times(),
                new RunningJob.Bytes(null, new byte[0], headers));
    }

    private static RunningJob running(int failures, Optional<Integer> maxFailures) {
        return new RunningJob(
                JobId.of("test", "1"),
                "test",
                1,
                new RunningJob.Place("q", 0, 0),
                Optional.empty(),
                new RunningJob.Budget(failures, 0, maxFailures),
                new RunningJob.Times(Instant.EPOCH, Optional.empty()),
                new RunningJob.Bytes(null, new byte[0], null));
    }

    private static Outcome of(int failures, JobResult result) {
        return of(running(failures, Optional.empty()), result);
    }

    private static Outcome of(RunningJob job, JobResult result) {
        return Verdicts.of(job, result, POLICY, new SplittableRandom(1), Optional.of(ENTERED), List.of("charge"));
    }

    private static Outcome thrown(Throwable thrown) {
        return Verdicts.of(
                running(0, Optional.empty()), thrown, POLICY, new SplittableRandom(1), Optional.of(ENTERED), List.of());
    }
}
