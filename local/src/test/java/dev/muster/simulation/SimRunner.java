package dev.muster.simulation;

import dev.muster.execution.Verdicts;
import dev.muster.fleet.Incarnation;
import dev.muster.job.JobResult;
import dev.muster.job.RetryPolicy;
import dev.muster.store.Outcome;
import dev.muster.store.OwnershipStore.Intent;
import dev.muster.store.OwnershipStore.IntentRequest;
import dev.muster.worker.execution.EffectGuard;
import dev.muster.worker.execution.JobRunner;
import dev.muster.worker.execution.Run;
import dev.muster.worker.execution.RunStep;
import dev.muster.worker.execution.Runner;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.BooleanSupplier;

/**
 * The executor of a simulated worker: each run goes through its script step by step, in the order in which
 * {@code RunContext} goes: the intent, the trust window, a last look whether the job is still ours, the call.
 */
final class SimRunner implements Runner {
    private static final RetryPolicy RETRIES = new RetryPolicy(1_000, Duration.ofMillis(30), Duration.ofMillis(400));
    private static final String STEP = "charge";

    private final Proc proc;
    private final Incarnation me;
    private final Jobs jobs;
    private final Provider provider;
    private final Rules rules;
    private final BooleanSupplier trusted;
    private final Set<Play> plays = new LinkedHashSet<>();
    private boolean closing;

    SimRunner(Proc proc, Incarnation me, Jobs jobs, Provider provider, Rules rules, BooleanSupplier trusted) {
        this.proc = proc;
        this.me = me;
        this.jobs = jobs;
        this.provider = provider;
        this.rules = rules;
        this.trusted = trusted;
    }

    @Override
    public boolean isReady() {
        return !closing;
    }

    @Override
    public boolean start(Run run, EffectGuard.Intents intents, JobRunner.Listener listener) {
        if (closing) {
            return false;
        }
        Play play = new Play(run, intents, listener);
        plays.add(play);
        rules.begins(me, run.id(), run.attempt());
        proc.after(proc.world().millisBetween(0, 2), play::enter);
        return true;
    }

    /** Interrupts all jobs; it has ended when {@link #isIdle}. */
    void close() {
        closing = true;
        List.copyOf(plays).forEach(play -> {
            play.run.lose();
            play.interrupt();
        });
    }

    boolean isIdle() {
        return plays.isEmpty();
    }

    /** Its process is gone, and all plays with it. */
    void die() {
        plays.forEach(play -> rules.ends(me, play.run.id(), play.run.attempt()));
        plays.clear();
    }

    private final class Play {
        private final Run run;
        private final EffectGuard.Intents intents;
        private final JobRunner.Listener listener;
        private final Script script;
        private final List<String> closedSteps = new ArrayList<>();
        private boolean waits;
        private boolean over;

        Play(Run run, EffectGuard.Intents intents, JobRunner.Listener listener) {
            this.run = run;
            this.intents = intents;
            this.listener = listener;
            this.script = jobs.script(run.id());
        }

        void enter() {
            listener.entered(run, proc.world().ticker().now());
            later(script.pause(), this::work);
        }

        /** An interrupt ends a wait. */
        private void later(long nanos, Runnable next) {
            long slice = Math.min(nanos, World.millis(100));
            proc.after(slice, () -> {
                if (RunStep.isLost(run)) {
                    drop();
                } else if (nanos > slice) {
                    later(nanos - slice, next);
                } else {
                    next.run();
                }
            });
        }

        private void work() {
            if (run.attempt() == script.blockedAt()) {
                end(new JobResult.Declined("blocked"));
            } else if (run.job().budget().failures() < script.failures()) {
                end(JobResult.retry("not yet"));
            } else if (script.calls()) {
                waits = true;
                var _ = intents.intend(new IntentRequest(run.id(), run.attempt(), STEP))
                        .whenComplete((intent, trouble) -> proc.after(0, () -> intended(intent, trouble)));
            } else {
                end(JobResult.succeeded("done"));
            }
        }

        /** An interrupt ends the wait for an intent or an answer; other waits look by themselves. */
        void interrupt() {
            if (waits) {
                proc.after(World.millis(1), this::drop);
            }
        }

        private void intended(Optional<Intent> intent, Throwable trouble) {
            waits = false;
            if (over) {
                return; // it has been interrupted
            }
            if (trouble != null) {
                end(JobResult.retry("could not store the intent"));
            } else if (intent.isEmpty()) {
                drop();
            } else {
                later(proc.world().millisBetween(0, 60), () -> awaitTrust(intent.get()));
            }
        }

        private void awaitTrust(Intent intent) {
            if (RunStep.isLost(run)) {
                drop();
            } else if (trusted.getAsBoolean()) {
                call(intent);
            } else {
                later(World.millis(20), () -> awaitTrust(intent));
            }
        }

        private void call(Intent intent) {
            World world = proc.world();
            rules.calls(me, run.id());
            waits = true;
            boolean slow = !world.isCalm() && world.chance(0.1);
            world.after(world.millisBetween(1, slow ? 3_000 : 40), () -> {
                Provider.Answer answer = provider.call(run.id(), intent.idempotencyKey(), script);
                boolean heard = world.isCalm() || !world.chance(0.05);
                proc.after(
                        world.millisBetween(1, 30),
                        () -> answered(intent, heard ? Optional.of(answer) : Optional.empty()));
            });
        }

        private void answered(Intent intent, Optional<Provider.Answer> answer) {
            waits = false;
            if (over) {
                return;
            }
            if (answer.isEmpty()) {
                end(new JobResult.Unknown("no answer"));
                return;
            }
            switch (answer.get()) {
                case CHARGED -> {
                    closedSteps.add(STEP);
                    end(JobResult.succeeded("charged"));
                }
                case DECLINED -> {
                    closedSteps.add(STEP);
                    end(new JobResult.Declined("the card"));
                }
                case NOTHING_DONE -> {
                    if (intent.unansweredSince().isEmpty()) {
                        closedSteps.add(STEP);
                    }
                    end(new JobResult.Fail("refused"));
                }
            }
        }

        private void end(JobResult result) {
            Outcome outcome =
                    Verdicts.of(run.job(), result, RETRIES, proc.world().random(), Optional.empty(), closedSteps);
            if (RunStep.ends(run)) {
                gone();
                if (outcome.verdict() == Outcome.Verdict.SUCCEEDED) {
                    rules.succeeds(me, run.id(), run.attempt());
                }
                listener.ended(run, outcome);
            } else {
                gone();
                listener.dropped(run);
            }
        }

        private void drop() {
            if (over) {
                return;
            }
            boolean _ = RunStep.ends(run);
            gone();
            listener.dropped(run);
        }

        private void gone() {
            over = true;
            if (plays.remove(this)) {
                rules.ends(me, run.id(), run.attempt());
            }
        }
    }
}
