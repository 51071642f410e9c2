package dev.muster.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.muster.job.JobContext;
import dev.muster.job.JobHandler;
import dev.muster.job.JobId;
import dev.muster.job.JobResult;
import dev.muster.job.JobState;
import dev.muster.job.NewJob;
import dev.muster.job.NothingDoneException;
import dev.muster.job.ParkedException;
import dev.muster.job.RetryPolicy;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

final class HandlerTestKitTest {
    private static final String ADA = "{\"name\":\"Ada\"}";

    private final List<String> seen = new ArrayList<>();
    private final AtomicInteger lives = new AtomicInteger();

    record Name(String name) {
        Name {
            if (name.isEmpty()) {
                throw new IllegalArgumentException("a name is not empty");
            }
        }
    }

    /** What a handler does with its payload. */
    interface Body {
        JobResult run(Name name, JobContext context) throws Exception;
    }

    @Test
    void a_job_that_succeeds_has_one_run_and_calls_under_the_key_that_the_store_would_give() {
        TestedJob job =
                kit((name, context) -> JobResult.succeeded(mail(name, context))).run(ADA);

        assertThat(job.state()).isEqualTo(JobState.SUCCEEDED);
        assertThat(job.result()).isEqualTo("mailed Ada");
        assertThat(job.runs()).hasSize(1);
        assertThat(job.keys("mail")).containsExactly("muster:" + job.id() + ":mail:1");
        assertThat(job.calls().getFirst().answer()).isEqualTo(TestedJob.Answer.GIVEN);
    }

    @Test
    void a_worker_that_dies_after_the_call_has_it_repeated_under_its_key_by_another_one() {
        List<Optional<?>> unanswered = new ArrayList<>();
        List<String> finals = new ArrayList<>();
        TestedJob job = kit((name, context) -> {
                    try {
                        return JobResult.succeeded(context.effect("mail", key -> {
                            unanswered.add(context.unansweredSince("mail"));
                            seen.add(key);
                            return "mailed " + context.attempt();
                        }));
                    } finally {
                        finals.add("run " + context.attempt());
                    }
                })
                .crashAfterCall("mail")
                .crashAfterCall("mail")
                .run(ADA);

        assertThat(job.state()).isEqualTo(JobState.SUCCEEDED);
        assertThat(job.runs())
                .extracting(TestedJob.Run::outcome)
                .containsExactly("interrupted", "interrupted", "succeeded");
        assertThat(seen).hasSize(3);
        assertThat(job.keys("mail")).hasSize(1).isEqualTo(java.util.Set.copyOf(seen));
        assertThat(unanswered.getFirst()).isEmpty();
        assertThat(unanswered.getLast()).isPresent();
        assertThat(finals).as("a dead worker tidies nothing up").containsExactly("run 3");
        assertThat(lives).as("each worker has a handler of its own").hasValue(3);
    }

    @Test
    void a_worker_that_dies_before_the_call_has_called_nobody() {
        TestedJob job = kit((name, context) -> JobResult.succeeded(mail(name, context)))
                .crashBeforeCall("mail")
                .run(ADA);

        assertThat(job.state()).isEqualTo(JobState.SUCCEEDED);
        assertThat(job.runs()).hasSize(2);
        assertThat(seen).hasSize(1);
    }

    @Test
    void failures_are_tried_again_after_the_policys_waits_until_the_budget_is_spent() {
        RetryPolicy policy = new RetryPolicy(3, Duration.ofMinutes(10), Duration.ofMinutes(10));
        TestedJob job = HandlerTestKit.of(() -> handler(policy, Duration.ofSeconds(30), (name, context) -> {
                    seen.add(context.attempt() + "/" + context.failures());
                    throw new IllegalStateException("no");
                }))
                .run(ADA);

        assertThat(job.state()).isEqualTo(JobState.DEAD);
        assertThat(job.reason()).isEqualTo("gave up after 3 failures: no");
        assertThat(seen).containsExactly("1/0", "2/1", "3/2");
        assertThat(job.runs()).extracting(TestedJob.Run::outcome).containsExactly("retried", "retried", "dead");
        assertThat(job.waited()).isBetween(Duration.ofMillis(2), Duration.ofMinutes(20));
    }

    @Test
    void the_submitters_limit_goes_before_the_handlers() {
        TestedJob job =
                kit((name, context) -> JobResult.retry("no")).maxFailures(1).run(ADA);

        assertThat(job.state()).isEqualTo(JobState.DEAD);
        assertThat(job.runs()).hasSize(1);
    }

    @Test
    void a_call_that_nobody_knows_the_answer_of_is_repeated_whatever_the_handler_says() {
        TestedJob job = kit((name, context) -> {
                    try {
                        context.effect("mail", key -> {
                            seen.add(key);
                            if (context.attempt() < 4) {
                                throw new IOException("reset");
                            }
                            return "";
                        });
                    } catch (IOException e) {
                        return new JobResult.Fail("gives up too early");
                    }
                    return new JobResult.Declined("no such address");
                })
                .run(ADA);

        assertThat(job.state()).isEqualTo(JobState.DECLINED);
        assertThat(job.runs())
                .extracting(TestedJob.Run::outcome)
                .containsExactly("unknown", "unknown", "unknown", "declined");
        assertThat(job.runs().getFirst().delay()).isEqualTo(Duration.ofSeconds(1));
        assertThat(job.calls())
                .extracting(TestedJob.Call::answer)
                .startsWith(TestedJob.Answer.THREW)
                .endsWith(TestedJob.Answer.GIVEN);
        assertThat(java.util.Set.copyOf(seen)).hasSize(1);
    }

    @Test
    void a_call_that_did_nothing_leaves_the_job_free_to_end() {
        TestedJob job = kit((name, context) -> {
                    try {
                        return context.effect("mail", key -> {
                            throw new NothingDoneException("429");
                        });
                    } catch (NothingDoneException e) {
                        return new JobResult.Fail("refused");
                    }
                })
                .run(ADA);

        assertThat(job.state()).isEqualTo(JobState.DEAD);
        assertThat(job.calls().getFirst().answer()).isEqualTo(TestedJob.Answer.NOTHING_DONE);
    }

    @Test
    void snoozed_and_parked_jobs_wait_and_spend_nothing() {
        TestedJob job = kit((name, context) -> switch (context.attempt()) {
                    case 1 -> new JobResult.Snooze("later", Duration.ofHours(1));
                    case 2 -> throw new ParkedException("closed", Duration.ofHours(2));
                    default -> JobResult.succeeded(Integer.toString(context.failures()));
                })
                .run(ADA);

        assertThat(job.result()).isEqualTo("0");
        assertThat(job.waited()).isEqualTo(Duration.ofHours(3));
    }

    @Test
    void payloads_are_read_as_a_worker_reads_them() {
        HandlerTestKit<Name> kit = kit((name, context) -> JobResult.succeeded(name.name()));

        assertThat(kit.run("{\"name\":\"Ada\",\"unknown\":1}").result()).isEqualTo("Ada");
        assertThat(List.of("{\"name\":", "null", "{}", "{\"name\":\"\"}", "{\"name\":\"a\"} x"))
                .allSatisfy(bad -> {
                    TestedJob job = kit.run(bad);
                    assertThat(job.state()).isEqualTo(JobState.DEAD);
                    assertThat(job.reason()).isEqualTo("invalid_payload");
                });
        assertThat(kit.run("{\"name\":\"\"}").runs().getFirst().detail()).contains("a name is not empty");
    }

    @Test
    void a_lost_job_goes_on_elsewhere_and_a_cancelled_one_hears_of_it() {
        TestedJob lost = kit((name, context) -> JobResult.succeeded(mail(name, context) + context.recoveries()))
                .loseBeforeCall("mail")
                .key("cus_7")
                .run(ADA);
        TestedJob cancelled = kit((name, context) -> {
                    String mailed = mail(name, context);
                    return context.isCancelled() ? new JobResult.Cancelled("as wished") : JobResult.succeeded(mailed);
                })
                .cancelBeforeCall("mail")
                .run(ADA);

        assertThat(lost.result()).isEqualTo("mailed Ada1");
        assertThat(cancelled.state()).isEqualTo(JobState.CANCELLED);
    }

    @Test
    void a_handler_that_waits_too_long_is_interrupted() {
        CountDownLatch never = new CountDownLatch(1);
        TestedJob job = HandlerTestKit.of(
                        () -> handler(RetryPolicy.defaults(), Duration.ofMillis(20), (name, context) -> {
                            never.await();
                            return JobResult.succeeded();
                        }))
                .maxFailures(1)
                .run(ADA);

        assertThat(job.reason()).isEqualTo("gave up after 1 failures: timed out after PT0.02S");
    }

    @Test
    void the_handlers_own_threads_die_with_the_worker() {
        TestedJob job = kit((name, context) -> {
                    CompletableFuture<String> other = new CompletableFuture<>();
                    Thread.ofVirtual().start(() -> {
                        try {
                            other.complete(mail(name, context));
                        } catch (Exception e) {
                            other.completeExceptionally(e);
                        }
                    });
                    return JobResult.succeeded(other.get());
                })
                .crashAfterCall("mail")
                .run(ADA);

        assertThat(job.state()).isEqualTo(JobState.SUCCEEDED);
        assertThat(seen).hasSize(2);
    }

    @Test
    void what_can_not_be_tested_is_said() {
        assertThatThrownBy(() -> kit((name, context) -> new JobResult.Snooze("x", Duration.ofDays(1)))
                        .run(ADA))
                .hasMessageContaining("not final after 100 runs");
        assertThatThrownBy(() -> kit((name, context) -> JobResult.succeeded())
                        .crashAfterCall("mial")
                        .run(ADA))
                .hasMessageContaining("never came about")
                .hasMessageContaining("mial");
        assertThatThrownBy(() -> HandlerTestKit.of(
                                () -> handler(RetryPolicy.defaults(), Duration.ZERO, (n, c) -> JobResult.succeeded()))
                        .run(ADA))
                .hasMessageContaining("its timeout is below 1 ms");
    }

    @Test
    void jobs_that_follow_are_those_of_the_run_that_ended_the_job() {
        TestedJob job = kit((name, context) -> {
                    JobId receipt = context.submit(
                            "receipt",
                            "mails",
                            NewJob.of("mail.send", name).key(name.name()).delay(Duration.ofMinutes(1)));
                    assertThat(receipt).isEqualTo(JobId.of("/muster/jobs/" + context.jobId(), "receipt"));
                    if (context.failures() == 0) {
                        context.submit("apology", "mails", NewJob.of("mail.send", "sorry"));
                        return JobResult.retry("not yet");
                    }
                    return new JobResult.Declined("no");
                })
                .run(ADA);

        assertThat(job.followUps()).hasSize(1);
        TestedJob.Follower receipt = job.followUps().getFirst();
        assertThat(receipt.step()).isEqualTo("receipt");
        assertThat(receipt.queue()).isEqualTo("mails");
        assertThat(receipt.type()).isEqualTo("mail.send");
        assertThat(receipt.key()).contains("Ada");
        assertThat(receipt.json()).isEqualTo("{\"name\":\"Ada\"}");
        assertThat(receipt.attributes()).containsKey("musterrunat");
    }

    @Test
    void a_job_that_is_dead_by_its_budget_submits_nothing_and_one_that_its_handler_gives_up_does() {
        TestedJob spent = kit((name, context) -> {
                    context.submit("s", "mails", NewJob.of("mail.send", 1));
                    return JobResult.retry("no");
                })
                .maxFailures(2)
                .run(ADA);
        TestedJob given = kit((name, context) -> {
                    context.submit("s", "mails", NewJob.of("mail.send", 1));
                    return new JobResult.Fail("no");
                })
                .run(ADA);

        assertThat(spent.followUps()).isEmpty();
        assertThat(given.followUps()).hasSize(1);
    }

    @Test
    void what_can_not_follow_fails_the_run_and_not_the_worker() {
        List<NewJob> wrong = List.of(
                NewJob.of("mail.send", 1).id("own"),
                NewJob.of("no type!", 1),
                NewJob.of("mail.send", "x".repeat(2 << 20)),
                NewJob.of("mail.send", 1).key("zero\0byte"));
        TestedJob job = kit((name, context) -> {
                    for (NewJob follower : wrong) {
                        assertThatThrownBy(() -> context.submit("s", "mails", follower))
                                .isInstanceOf(IllegalArgumentException.class);
                    }
                    assertThatThrownBy(() -> context.submit("s", "No Queue", NewJob.of("mail.send", 1)))
                            .isInstanceOf(IllegalArgumentException.class);
                    for (int i = 0; i < 100; i++) {
                        context.submit("s" + i, "mails", NewJob.of("mail.send", 1));
                    }
                    assertThatThrownBy(() -> context.submit("one more", "mails", NewJob.of("mail.send", 1)))
                            .isInstanceOf(IllegalStateException.class);
                    return JobResult.succeeded();
                })
                .run(ADA);

        assertThat(job.state()).isEqualTo(JobState.SUCCEEDED);
        assertThat(job.followUps()).hasSize(100);
    }

    private String mail(Name name, JobContext context) throws Exception {
        return context.effect("mail", key -> {
            seen.add(key);
            return "mailed " + name.name();
        });
    }

    private HandlerTestKit<Name> kit(Body body) {
        return HandlerTestKit.of(() -> {
            lives.incrementAndGet();
            return handler(RetryPolicy.defaults(), Duration.ofSeconds(30), body);
        });
    }

    private static JobHandler<Name> handler(RetryPolicy policy, Duration timeout, Body body) {
        return new JobHandler<>() {
            @Override
            public String type() {
                return "greet";
            }

            @Override
            public Class<Name> payloadType() {
                return Name.class;
            }

            @Override
            public RetryPolicy retryPolicy() {
                return policy;
            }

            @Override
            public Duration timeout() {
                return timeout;
            }

            @Override
            public JobResult run(Name name, JobContext context) throws Exception {
                return body.run(name, context);
            }
        };
    }
}
