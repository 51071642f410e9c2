package dev.muster.local.drill;

import dev.muster.config.Settings;
import dev.muster.embedded.EmbeddedServer;
import dev.muster.embedded.Processes;
import dev.muster.embedded.sandbox.FaultPlan;
import dev.muster.job.JobId;
import dev.muster.kafka.KafkaClients;
import dev.muster.local.CommandException;
import dev.muster.local.Console;
import dev.muster.local.StopRequest;
import dev.muster.local.stack.Fleet;
import dev.muster.local.stack.LocalStack;
import dev.muster.local.stack.Outpost;
import dev.muster.local.stack.StackConfig;
import dev.muster.local.submit.Submitter;
import dev.muster.local.trial.Evidence;
import dev.muster.local.trial.PaymentJobs;
import dev.muster.local.trial.Witness;
import dev.muster.protocol.Submission;
import dev.muster.store.AuditReader;
import dev.muster.store.DrillReader;
import dev.muster.store.JobReader;
import dev.muster.store.JobView;
import dev.muster.store.QuarantineStore;
import dev.muster.store.StoreException;
import dev.muster.supervision.runtime.SupervisionEvent;
import dev.muster.time.Ticker;
import java.io.IOException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.BooleanSupplier;
import java.util.stream.Collectors;

/**
 * A local stack under load, as faults see it: whom they can hit, how they wait, and what was noted meanwhile. Confined to
 * the drill's thread; load and watch have their own.
 */
final class DrillStack implements AutoCloseable {
    /** Longer than any recovery: after it something hangs. */
    static final Duration LIMIT = Duration.ofSeconds(60);

    private static final Duration TICK = Duration.ofMillis(20);

    private final DrillConfig config;
    private final Console console;
    private final StopRequest stop;
    private final Ticker ticker;
    private final LocalStack stack;
    private final List<Heard> heard;
    private final DrillReader reader;
    private final AuditReader audit;
    private final Witness witness;
    private final Watch watch;
    private final SteadyLoad load;
    private final List<Evidence.Submitted> besides = new ArrayList<>();

    /** Something that happened in the stack's own supervision tree, and when. */
    record Heard(Instant at, SupervisionEvent event) {}

    private DrillStack(
            Fault fault,
            DrillConfig config,
            Console console,
            StopRequest stop,
            Ticker ticker,
            LocalStack stack,
            List<Heard> heard) {
        this.config = config;
        this.console = console;
        this.stop = stop;
        this.ticker = ticker;
        this.stack = stack;
        this.heard = heard;
        this.reader = new DrillReader(stack.database());
        this.audit = new AuditReader(stack.database());
        this.witness = new Witness(stack.database(), stack.sandboxUrl());
        awaitWhole(stack::checkUp); // there is no load yet
        setProviderLatency(fault.providerLatency());
        this.watch = Watch.start(reader);
        this.load = SteadyLoad.start(
                new PaymentJobs(DrillConfig.ORDERED_SHARE, DrillConfig.KEYS, config.seed()),
                config.rate(),
                new KafkaClients(stack.settings()).producer("muster-drill"),
                ticker);
    }

    /** Starts what the fault needs and returns when all workers are in service and the load has begun. */
    static DrillStack start(
            Fault fault, StackConfig own, DrillConfig config, Console console, StopRequest stop, Ticker ticker) {
        List<Heard> heard = new CopyOnWriteArrayList<>();
        LocalStack stack =
                LocalStack.start(fault.prepare(own), _ -> {}, event -> heard.add(new Heard(ticker.now(), event)));
        try {
            return new DrillStack(fault, config, console, stop, ticker, stack, heard);
        } catch (RuntimeException e) {
            stack.close();
            throw e;
        }
    }

    // ---- whom to hit, and how ----

    Instant now() {
        return ticker.now();
    }

    Ticker ticker() {
        return ticker;
    }

    /** Where everything is. */
    Settings settings() {
        return stack.settings();
    }

    Fleet fleet() {
        return stack.fleet();
    }

    DrillReader reader() {
        return reader;
    }

    AuditReader audit() {
        return audit;
    }

    /** How many workers there are to be. */
    int workers() {
        return config.workers();
    }

    /** {@code postgres}, {@code kafka}, {@code sandbox} or {@code coordinator}. */
    EmbeddedServer server(String name) {
        return Objects.requireNonNull(stack.servers().get(name), name);
    }

    /** The worker behind wires. To be asked for by a fault that has prepared for it. */
    Outpost outpost() {
        return stack.outpost().orElseThrow();
    }

    /** The worker that runs the most jobs; waits until there is one that runs any. */
    Fleet.Worker busiest() {
        await("a worker that is at work", LIMIT, () -> !reader.running().isEmpty());
        Map<String, Integer> running = reader.running();
        return fleet().live().stream()
                .filter(worker -> worker.isAlive() && worker.inService())
                .max(Comparator.comparingInt(worker -> running.getOrDefault(worker.incarnation(), 0)))
                .orElseThrow(() -> CommandException.failed("no worker is in service"));
    }

    /** {@code kill -9}. */
    void kill(Fleet.Worker victim) {
        if (!victim.kill()) {
            throw CommandException.failed(victim.incarnation() + " had ended before it could be killed");
        }
        say("killed " + victim.incarnation());
    }

    /** Sends a signal to a worker's process, such as {@code STOP}. */
    void signal(Fleet.Worker worker, String name) {
        Processes.signal(worker.process().orElseThrow(), name);
    }

    void say(String text) {
        console.line("    " + text);
    }

    // ---- what it gets besides the load ----

    /** Submits a job and returns when Kafka has it. */
    JobId submit(String queue, Submission submission) {
        try (Submitter submitter = Submitter.open(new KafkaClients(stack.settings()), queue)) {
            submitter.send(submission, (_, _) -> {});
            submitter.flush();
        }
        JobId id = JobId.of(submission.source(), submission.id());
        besides.add(new Evidence.Submitted(id, queue, Optional.empty()));
        return id;
    }

    Optional<JobView> find(JobId job) {
        return new JobReader(stack.database()).find(job);
    }

    /** The newest jobs. */
    List<JobView> newest() {
        return new JobReader(stack.database()).list(CrashLooped.newest());
    }

    /** True while there are suspects, or a worker for them. */
    boolean isInQuarantine() {
        return !new QuarantineStore(stack.database()).suspects().isEmpty()
                || fleet().live().stream().anyMatch(worker -> isOfQuarantine(worker.incarnation()));
    }

    /** Whether an incarnation is that of a worker that runs suspects alone. */
    static boolean isOfQuarantine(String incarnation) {
        return incarnation.contains("-quarantine.");
    }

    // ---- waiting ----

    /**
     * Returns when it is so. While Postgres is away it counts as not being so.
     *
     * @throws CommandException when it is not within the limit, or the drill is to stop
     */
    void await(String what, Duration limit, BooleanSupplier condition) {
        await(what, limit, condition, this::check);
    }

    private void await(String what, Duration limit, BooleanSupplier condition, Runnable check) {
        long start = ticker.nanos();
        while (!holds(condition)) {
            check.run();
            if (ticker.nanos() - start > limit.toNanos()) {
                throw CommandException.failed("waited " + limit.toSeconds() + " s in vain for " + what);
            }
            pause(TICK);
        }
    }

    /** Lets this much time pass under load. */
    void pause(Duration time) {
        if (stop.await(time)) {
            throw CommandException.failed("stopped before the end");
        }
    }

    /** Returns when all workers are in service and own all there is, and no process of another one is left. */
    void awaitWhole() {
        awaitWhole(this::check);
    }

    private void awaitWhole(Runnable check) {
        await("all " + config.workers() + " workers in service, and none besides", LIMIT, this::isWhole, check);
    }

    private boolean isWhole() {
        List<Fleet.Worker> live = fleet().live();
        Set<String> names = live.stream().map(Fleet.Worker::incarnation).collect(Collectors.toSet());
        return live.size() == config.workers()
                && live.stream().allMatch(worker -> worker.isAlive() && worker.inService())
                && reader.owners().stream().allMatch(owner -> names.contains(owner.incarnation()))
                && fleet().workers().size() == config.workers();
    }

    /** True when no more jobs are unfinished than come within two seconds: those that had waited have been caught up with. */
    boolean isCalm() {
        int unfinished = load.sentCount() - witness.progress().finals(); // also those that Kafka has not taken yet
        return unfinished < config.rate() * 2;
    }

    private static boolean holds(BooleanSupplier condition) {
        try {
            return condition.getAsBoolean();
        } catch (StoreException _) {
            return false; // Postgres is away
        }
    }

    // ---- what was noted ----

    /** What the stack's supervisors said, oldest first. */
    List<Heard> heard() {
        return List.copyOf(heard);
    }

    /** When a server was started last, if that was after this moment. */
    boolean isStartedSince(String server, Instant moment) {
        return heard.stream().anyMatch(h -> isStart(h, server) && h.at().isAfter(moment));
    }

    /** When it was started first after this moment. To be asked when {@link #isStartedSince} is true. */
    Instant startedSince(String server, Instant moment) {
        return heard.stream()
                .filter(h -> isStart(h, server) && h.at().isAfter(moment))
                .map(Heard::at)
                .findFirst()
                .orElseThrow();
    }

    private static boolean isStart(Heard heard, String server) {
        return heard.event() instanceof SupervisionEvent.Started started
                && started.child().equals(server);
    }

    /** Ends the load, waits until its last job is final, and reads everything. */
    Records testify(List<Evidence.Kill> kills) {
        await("the producer's last acknowledgement", LIMIT, load::isStopped);
        List<Evidence.Submitted> submitted = new ArrayList<>(load.acknowledged());
        submitted.addAll(besides);
        await("the end of the last job", LIMIT, () -> isComplete(submitted.size()));
        return new Records(watch.takeovers(), reader.lives(), reader.incidents(), witness.testify(submitted, kills));
    }

    private boolean isComplete(int submitted) {
        AuditReader.Progress progress = witness.progress();
        return progress.finals() >= submitted && progress.running() == 0 && progress.waiting() == 0;
    }

    /** Throws when the stack has given up, or the load has broken: what Kafka has refused for good is waited for in vain. */
    void check() {
        stack.checkUp();
        load.check();
    }

    @Override
    public void close() {
        watch.close();
        load.close();
        stack.close();
    }

    private void setProviderLatency(FaultPlan.Latency latency) {
        HttpRequest request = HttpRequest.newBuilder(stack.sandboxUrl().resolve("/sandbox/faults"))
                .timeout(Duration.ofSeconds(10))
                .POST(HttpRequest.BodyPublishers.ofString(
                        FaultPlan.healthy().withLatency(latency).toJson()))
                .build();
        try (HttpClient client = HttpClient.newHttpClient()) {
            int status =
                    client.send(request, HttpResponse.BodyHandlers.discarding()).statusCode();
            if (status / 100 != 2) {
                throw CommandException.failed("the sandbox answered " + status + " to the drill's latency");
            }
        } catch (IOException e) {
            throw CommandException.failed("can't reach the sandbox: " + e.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw CommandException.failed("interrupted while starting");
        }
    }
}
