package dev.muster.worker.execution;

import static org.assertj.core.api.Assertions.assertThat;

import dev.muster.job.JobContext;
import dev.muster.job.JobHandler;
import dev.muster.job.JobResult;
import dev.muster.store.Outcome;
import dev.muster.store.RunningJob;
import dev.muster.supervision.ExitReason;
import dev.muster.telemetry.MeterName;
import dev.muster.time.Ticker;
import dev.muster.worker.FaultPoint;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** The executor as a child: what becomes of its jobs when it is told to end. */
class JobRunnerTest {
    private final CountDownLatch entered = new CountDownLatch(1);
    private final CountDownLatch goOn = new CountDownLatch(1);
    private final LinkedBlockingQueue<String> news = new LinkedBlockingQueue<>();
    private final SimpleMeterRegistry meters = new SimpleMeterRegistry();
    private final LinkedBlockingQueue<Integer> unending = new LinkedBlockingQueue<>();

    private Duration timeout = Duration.ofSeconds(30);

    @Test
    void told_to_end_it_interrupts_its_jobs_drops_what_they_say_and_ends_with_the_last() throws Exception {
        JobRunner runner = runner(true, false);
        assertThat(start(runner)).isTrue();
        entered.await();

        runner.shutdown();

        assertThat(runner.onExit().get(20, TimeUnit.SECONDS)).isEqualTo(new ExitReason.Shutdown());
        assertThat(news.poll(20, TimeUnit.SECONDS)).isEqualTo("dropped");
        assertThat(news).isEmpty();
        assertThat(runner.isOpen()).isFalse();
        assertThat(start(runner)).as("nothing starts any more").isFalse();
        runner.kill();
        assertThat(unending).as("all had ended in time").isEmpty();
    }

    @Test
    void it_has_not_ended_while_a_thread_ignores_its_interrupt_and_says_so_when_its_time_is_over() throws Exception {
        JobRunner runner = runner(false, false);
        assertThat(start(runner)).isTrue();
        entered.await();

        runner.shutdown();
        assertThat(runner.onExit()).isNotDone();
        runner.kill();

        assertThat(unending).containsExactly(1);
        goOn.countDown();
        assertThat(news.poll(20, TimeUnit.SECONDS))
                .as("what it says late is no outcome")
                .isEqualTo("dropped");
    }

    @Test
    void where_the_process_ends_anyway_nobody_waits_for_threads() throws Exception {
        JobRunner runner = runner(false, true);
        assertThat(start(runner)).isTrue();
        entered.await();

        runner.shutdown();

        assertThat(runner.onExit()).isCompleted();
        goOn.countDown();
        assertThat(unending).isEmpty();
    }

    /** It takes as long as an interrupted thread is waited for. */
    @Test
    void the_outcome_of_an_abandoned_job_stays_when_its_thread_ends_after_all() throws Exception {
        timeout = Duration.ofMillis(10);
        JobRunner runner = runner(false, false);
        assertThat(start(runner)).isTrue();

        assertThat(news.poll(20, TimeUnit.SECONDS)).isEqualTo("ended");
        assertThat(news.poll(20, TimeUnit.SECONDS)).isEqualTo("1 abandoned");
        assertThat(MeterName.JOBS_ABANDONED.counter(meters, "test").count()).isEqualTo(1);
        assertThat(meters.get("muster.worker.threads.abandoned").gauge().value())
                .isEqualTo(1);
        runner.shutdown();
        goOn.countDown();

        assertThat(runner.onExit().get(20, TimeUnit.SECONDS)).isEqualTo(new ExitReason.Shutdown());
        assertThat(news).as("dropped, it would take the outcome with it").isEmpty();
        assertThat(meters.get("muster.worker.threads.abandoned").gauge().value())
                .isZero();
    }

    private boolean start(JobRunner runner) {
        RunningJob sample = SampleJob.running();
        RunningJob job = new RunningJob(
                sample.id(),
                sample.type(),
                1,
                sample.place(),
                Optional.empty(),
                sample.budget(),
                sample.times(),
                new RunningJob.Bytes(null, "{}".getBytes(StandardCharsets.UTF_8), null));
        return runner.start(new Run(job), request -> new CompletableFuture<>(), new JobRunner.Listener() {
            @Override
            public void entered(Run run, Instant at) {
                entered.countDown();
            }

            @Override
            public void ended(Run run, Outcome outcome) {
                news.add("ended");
            }

            @Override
            public void dropped(Run run) {
                news.add("dropped");
            }
        });
    }

    private JobRunner runner(boolean heedsInterrupts, boolean ofNoMatter) {
        JobHandler<Object> handler = new JobHandler<>() {
            @Override
            public String type() {
                return SampleJob.running().type();
            }

            @Override
            public Class<Object> payloadType() {
                return Object.class;
            }

            @Override
            public Duration timeout() {
                return timeout;
            }

            @Override
            public JobResult run(Object payload, JobContext context) throws Exception {
                while (true) {
                    try {
                        goOn.await();
                        return JobResult.succeeded();
                    } catch (InterruptedException e) {
                        if (heedsInterrupts) {
                            throw e;
                        }
                    }
                }
            }
        };
        return new JobRunner(
                Handlers.of(List.of(handler)),
                () -> {},
                FaultPoint.Listener.none(),
                Ticker.system(),
                meters,
                new Abandoned(meters, 1),
                new JobRunner.Unending() {
                    @Override
                    public boolean isOfNoMatter() {
                        return ofNoMatter;
                    }

                    @Override
                    public void threads(int count) {
                        unending.add(count);
                    }

                    @Override
                    public void abandoned(int count) {
                        news.add(count + " abandoned");
                    }
                });
    }
}
