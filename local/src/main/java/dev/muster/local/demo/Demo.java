package dev.muster.local.demo;

import dev.muster.config.Setting;
import dev.muster.config.Settings;
import dev.muster.kafka.KafkaClients;
import dev.muster.local.CommandException;
import dev.muster.local.Console;
import dev.muster.local.StopRequest;
import dev.muster.local.stack.LocalStack;
import dev.muster.local.stack.StackConfig;
import dev.muster.local.trial.Evidence;
import dev.muster.local.trial.Load;
import dev.muster.local.trial.PaymentJobs;
import dev.muster.local.trial.Witness;
import dev.muster.store.AuditReader;
import dev.muster.store.StoreException;
import dev.muster.time.Ticker;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import org.apache.kafka.clients.producer.Producer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A stack of its own, payments at a steady rate, workers killed meanwhile, an audit in the end. Not thread-safe. */
public final class Demo {
    private static final Logger LOG = LoggerFactory.getLogger(Demo.class);
    private static final Duration TICK = Duration.ofMillis(20);
    private static final Duration LOOK_EVERY = Duration.ofMillis(500);
    private static final Duration START_LIMIT = Duration.ofSeconds(90);

    private final DemoConfig config;
    private final Settings settings;
    private final Console console;
    private final StopRequest stop;
    private final Ticker ticker;

    public Demo(DemoConfig config, Settings settings, Console console, StopRequest stop, Ticker ticker) {
        this.config = config;
        this.settings = settings;
        this.console = console;
        this.stop = stop;
        this.ticker = ticker;
    }

    /**
     * Runs it, and stops what it has started, whatever happens. A server that ends meanwhile is started again.
     *
     * @param folder empty; all that the stack keeps goes there
     * @throws CommandException when it could not be carried through: no verdict
     * @throws dev.muster.local.stack.StackException when a server can't be kept running, and the stack has given up
     */
    public DemoReport run(Path folder) {
        StackConfig wanted = new StackConfig(
                folder,
                settings.with(Setting.FLEET_INTENSITY, Integer.toString(config.restartIntensity()))
                        .with(Setting.FLEET_PERIOD, "10s")
                        .with(Setting.COORDINATOR_PORT, "0")
                        .withDefault(Setting.WORKER_SLOTS, DemoConfig.SLOTS),
                config.workers(),
                StackConfig.defaultQueues(),
                StackConfig.Ports.ANY);
        try (LocalStack stack = LocalStack.start(wanted, console::line)) {
            try {
                return run(stack);
            } catch (RuntimeException e) {
                stack.checkUp(); // where the stack has given up, that is why it failed
                throw e;
            }
        }
    }

    private DemoReport run(LocalStack stack) {
        awaitWorkers(stack);
        console.line(String.format(
                Locale.ROOT,
                "submitting %,d payments at %.0f/s, after %.1f s killing a worker every %.1f s (seed %d)",
                config.jobs(),
                config.pacing().perSecond(),
                config.warmUp().toMillis() / 1000.0,
                config.killEvery().toMillis() / 1000.0,
                config.seed()));
        console.line("supervision: " + LocalStack.intensities() + "; workers "
                + stack.settings().string(Setting.FLEET_INTENSITY) + " in "
                + stack.settings().string(Setting.FLEET_PERIOD) + ", so that the kills are no reason to give up");
        try (Producer<byte[], byte[]> producer = new KafkaClients(stack.settings()).producer("muster-demo")) {
            // A send would wait a minute for a Kafka that is gone for good, and the producer's own end two.
            var _ = stack.onExit().thenRunAsync(() -> producer.close(Duration.ZERO));
            return carryOut(stack, load(producer));
        }
    }

    private DemoReport carryOut(LocalStack stack, Load load) {
        Witness witness = new Witness(stack.database(), stack.sandboxUrl());
        Killer killer =
                new Killer(stack.fleet(), config.workers(), config.warmUp(), config.killEvery(), config.seed(), ticker);
        ProgressDisplay display = new ProgressDisplay(console, config.jobs());
        long start = ticker.nanos();
        long nextLook = start;
        long finals = 0;
        boolean complete = false;
        while (!complete) {
            long elapsed = ticker.nanos() - start;
            stack.checkUp();
            load.sendDue(elapsed, config.allowed(killer.kills().size(), finals));
            try {
                killer.killIfDue();
                if (ticker.nanos() >= nextLook) {
                    nextLook = ticker.nanos() + LOOK_EVERY.toNanos();
                    AuditReader.Progress progress = witness.progress();
                    finals = progress.finals();
                    complete = load.isComplete() && isComplete(progress);
                    display.show(
                            elapsed,
                            load.acknowledgedCount(),
                            progress,
                            aliveWorkers(stack),
                            killer.kills().size());
                }
            } catch (StoreException e) {
                LOG.atInfo().log("Postgres is away ({}); looks again, unless the stack gives up", e.getMessage());
            }
            if (!complete && stop.await(TICK)) {
                display.end();
                throw CommandException.failed("stopped before the end, so there is no verdict");
            }
            if (!complete && elapsed > config.limit().toNanos()) {
                console.line("giving up on the rest after " + config.limit().toSeconds() + " s");
                complete = true;
            }
        }
        display.end();
        Duration wall = Duration.ofNanos(ticker.nanos() - start);
        Evidence evidence = witness.testify(load.acknowledged(), killer.kills());
        return DemoReport.of(evidence, config.minKills(), stack.fleet().restarts(), wall);
    }

    private Load load(Producer<byte[], byte[]> producer) {
        PaymentJobs payments = config.keys()
                .map(wanted -> PaymentJobs.skewed(wanted.count(), wanted.zipf(), wanted.retrying(), config.seed()))
                .orElseGet(() -> new PaymentJobs(
                        config.orderedShare(),
                        PaymentJobs.keysFor(config.jobs(), config.orderedShare()),
                        config.seed()));
        return new Load(payments, config.pacing(), config.jobs(), producer);
    }

    private boolean isComplete(AuditReader.Progress progress) {
        return progress.finals() >= config.jobs() && progress.running() == 0 && progress.waiting() == 0;
    }

    private void awaitWorkers(LocalStack stack) {
        long start = ticker.nanos();
        while (aliveWorkers(stack) < config.workers()) {
            stack.checkUp();
            if (ticker.nanos() - start > START_LIMIT.toNanos()) {
                throw CommandException.failed("only " + aliveWorkers(stack) + " of " + config.workers()
                        + " workers have started within " + START_LIMIT.toSeconds()
                        + " s; run it again with --keep and look at their logs");
            }
            if (stop.await(Duration.ofMillis(100))) {
                throw CommandException.failed("stopped before it began");
            }
        }
    }

    private static int aliveWorkers(LocalStack stack) {
        return (int) stack.fleet().live().stream()
                .filter(dev.muster.local.stack.Fleet.Worker::isAlive)
                .count();
    }
}
