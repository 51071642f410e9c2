package dev.muster.coordinator.fleet;

import dev.muster.coordinator.leadership.Leadership;
import dev.muster.coordinator.liveness.HealthAddress;
import dev.muster.coordinator.liveness.LivenessEffect;
import dev.muster.coordinator.liveness.LivenessEvent;
import dev.muster.coordinator.loop.Loop;
import dev.muster.coordinator.process.WorkerProcess;
import dev.muster.coordinator.recovery.Death;
import dev.muster.coordinator.recovery.Recovery;
import dev.muster.fleet.Incarnation;
import dev.muster.store.FleetStore;
import dev.muster.store.FleetStore.LiveIncarnation;
import dev.muster.store.IncidentStore;
import dev.muster.store.PoolStore;
import dev.muster.store.QuarantineStore;
import dev.muster.supervision.runtime.SupervisionEvent;
import dev.muster.time.Ticker;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Has a supervisor for the workers while this coordinator leads, and only then: {@link Pool}. The loop looks around in
 * Postgres once a second, hands liveness' verdicts on, and gives a pool up or brings it back. What waits runs elsewhere
 * and comes back as a message; the state is confined to the loop's thread. Thread-safe.
 */
public final class FleetLoop {
    private static final Logger LOG = LoggerFactory.getLogger(FleetLoop.class);
    private static final Duration WAIT = Duration.ofMillis(20);

    private final Collaborators with;
    private final FleetRules rules;
    private final Surveyor surveyor;
    private final Escalation escalation;
    private final Misconfigured misconfigured;
    private final Quarantine quarantine;
    private final Consumer<LivenessEvent> liveness;
    private final Consumer<SupervisionEvent> listener;
    private final Ticker ticker;
    private final MeterRegistry meters;
    private final ExecutorService tasks;
    private final LinkedBlockingQueue<FleetMessage> mailbox = new LinkedBlockingQueue<>();
    private Optional<Loop> loop = Optional.empty();

    // Confined to the loop's thread.
    private Optional<Tenure> tenure = Optional.empty();
    private Optional<Pool> pool = Optional.empty();
    private Map<Incarnation, LiveIncarnation> known = Map.of();
    private final Overdue overdue = new Overdue();
    private boolean surveyed;

    /** By worker, for those that are about to start one: its life by the last survey, if a coordinator has started it. */
    private volatile Map<String, LiveIncarnation> residents = Map.of();

    /**
     * @param liveness is told who is expected and whose life is over
     * @param listener hears of all that happens under the supervisor; must not wait
     * @param tasks starts a thread per task that may wait, such as a virtual one
     */
    public FleetLoop(
            Collaborators with,
            FleetRules rules,
            Consumer<LivenessEvent> liveness,
            Consumer<SupervisionEvent> listener,
            Ticker ticker,
            MeterRegistry meters,
            ExecutorService tasks) {
        this.with = with;
        this.rules = rules;
        this.surveyor = new Surveyor(
                with.fleet(),
                with.pools(),
                with.incidents(),
                with.suspects(),
                rules.pool(),
                mailbox::add,
                ticker,
                tasks);
        this.escalation = new Escalation(with.pools(), with.leadership(), rules.pool(), mailbox::add, tasks);
        this.misconfigured = new Misconfigured(with.incidents(), with.leadership(), rules.pool(), mailbox::add, tasks);
        this.quarantine =
                new Quarantine(with.suspects(), with.launcher().quarantine(), rules.pool(), meters, ticker, tasks);
        this.liveness = liveness;
        this.listener = listener;
        this.ticker = ticker;
        this.meters = meters;
        this.tasks = tasks;
    }

    /** Whom it works with. */
    public record Collaborators(
            Launcher launcher,
            Leadership leadership,
            FleetStore fleet,
            PoolStore pools,
            IncidentStore incidents,
            QuarantineStore suspects,
            Recovery recovery) {}

    /** One time of leading: what must not be touched any more when that is over. */
    private record Tenure(long epoch, Deaths deaths, Strays strays, WorkerLife.Collaborators lives) {}

    public synchronized void start() {
        // Its meters are there from the beginning, though the supervisor is not.
        var _ = new Restarts(rules, meters, ticker);
        loop = Optional.of(Loop.start("fleet", Duration.ZERO, this::runOnce));
    }

    /** Liveness has something to say; verdicts about the lost begin their recovery. */
    public void hear(LivenessEffect effect) {
        if (effect instanceof LivenessEffect.Lost(Incarnation incarnation, Duration silence)) {
            mailbox.add(new FleetMessage.Silent(incarnation, silence));
        }
    }

    /** Ends the loop and leaves the workers running, for the next coordinator to find. */
    public synchronized void detach() {
        loop.ifPresent(Loop::close);
        drop();
    }

    /** Ends the loop, asks the workers to drain and end, kills who has not by then, and returns when each is fenced. */
    public synchronized void stop() {
        loop.ifPresent(Loop::close);
        tenure.ifPresent(now -> new Shutdown(pool, now.strays(), now.deaths()).run(rules.shutdown()));
        drop();
    }

    private void runOnce() throws InterruptedException {
        FleetMessage message = mailbox.poll(WAIT.toNanos(), TimeUnit.NANOSECONDS);
        boolean changed = followLeadership();
        if (tenure.isPresent()) {
            if (message != null && !changed) {
                handle(message, tenure.get());
            }
            keepPool(tenure.get());
            surveyor.lookIfDue(tenure.get().epoch(), misconfigured.incidents(), quarantine.isWatching());
        }
    }

    // ---- leadership ----

    /** True when it has changed: what was said before that is void, such as a silence from before a pause of our own. */
    private boolean followLeadership() {
        OptionalLong now = with.leadership().epoch();
        if (now.equals(tenure.map(held -> OptionalLong.of(held.epoch())).orElseGet(OptionalLong::empty))) {
            return false;
        }
        drop();
        mailbox.clear();
        surveyed = false;
        known = Map.of();
        residents = Map.of();
        escalation.forget();
        misconfigured.forget();
        quarantine.forget();
        surveyor.lookSoon();
        if (now.isPresent()) {
            tenure = Optional.of(begin(now.getAsLong()));
            with.launcher().admitSpares();
            liveness.accept(new LivenessEvent.FreshStart());
            tasks.execute(this::rehearse);
        }
        return true;
    }

    private Tenure begin(long epoch) {
        Deaths deaths = new Deaths(with.recovery(), epoch, liveness, tasks);
        WorkerLife.Collaborators lives = new WorkerLife.Collaborators(
                with.launcher(),
                with.fleet(),
                deaths,
                worker -> Optional.ofNullable(residents.get(worker)),
                liveness,
                tasks);
        return new Tenure(epoch, deaths, new Strays(rules, lives, authority(epoch)), lives);
    }

    private Authority authority(long epoch) {
        return new Authority(epoch, () -> with.leadership().leads(epoch));
    }

    /** Whatever there is of supervision ends here, and no process is touched by it any more. */
    private void drop() {
        pool.ifPresent(Pool::drop);
        with.launcher().dismissSpares();
        pool = Optional.empty();
        tenure.ifPresent(over -> {
            over.strays().drop();
            over.deaths().drop();
        });
        tenure = Optional.empty();
    }

    private void rehearse() {
        try {
            with.recovery().rehearse(rules.pool());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** There is a supervisor when somebody knows what runs already and nobody has given the pool up. */
    private void keepPool(Tenure now) throws InterruptedException {
        if (pool.isEmpty()
                && surveyed
                && !escalation.isGivenUp()
                && !with.launcher().workers().isEmpty()) {
            misconfigured.forget(); // a new supervisor starts them all
            pool = Optional.of(Pool.start(
                    rules,
                    now.lives(),
                    authority(now.epoch()),
                    new Restarts(rules, meters, ticker),
                    listener,
                    mailbox::add,
                    ticker));
        }
    }

    // ---- messages ----

    private void handle(FleetMessage message, Tenure now) {
        switch (message) {
            case FleetMessage.Silent(Incarnation incarnation, Duration lasted) -> silent(incarnation, lasted, now);
            case FleetMessage.Escalated(Pool from, String worker, Optional<Death> last) -> {
                if (isCurrent(from)) {
                    escalation.giveUp(Escalation.Reason.of(rules, worker, last), now.epoch());
                }
            }
            case FleetMessage.GivenUp(long under) -> {
                if (under == now.epoch()) {
                    escalation.written();
                }
            }
            case FleetMessage.Ended(Pool from) -> {
                if (isCurrent(from)) {
                    pool = Optional.empty();
                }
            }
            case FleetMessage.Misconfigured(long under, Incarnation incarnation) -> {
                if (under == now.epoch()) {
                    misconfigured.leftDown(incarnation, under);
                }
            }
            case FleetMessage.Recorded(long under, String worker, long incident) -> {
                if (under == now.epoch()) {
                    misconfigured.recorded(worker, incident);
                }
            }
            case FleetMessage.Surveyed(long under, FleetMessage.Survey survey) -> {
                if (under == now.epoch()) {
                    surveyed(survey, now);
                }
            }
        }
    }

    private boolean isCurrent(Pool other) {
        return pool.isPresent() && pool.get() == other;
    }

    private void silent(Incarnation incarnation, Duration lasted, Tenure now) {
        Optional<WorkerProcess> supervised = pool.flatMap(p -> p.process(incarnation));
        boolean restarted = supervised.isPresent() && pool.get().mayStart() && !quarantine.is(incarnation.worker());
        Death.Silence death = new Death.Silence(
                incarnation,
                poolOf(incarnation),
                lasted,
                supervised.or(() -> now.strays().process(incarnation)));
        now.deaths().recover(death, restarted);
        pool.ifPresent(p -> p.lost(death));
    }

    // ---- looking around ----

    private void surveyed(FleetMessage.Survey survey, Tenure now) {
        escalation.surveyed(survey.givenUp());
        misconfigured.closed(survey.closed()).forEach(worker -> pool.ifPresent(p -> p.restart(worker)));
        meet(survey.live(), now);
        if (escalation.isGivenUp()) {
            pool.filter(Pool::mayStart).ifPresent(Pool::end); // somebody else has given it up
        }
        killOverdue(now);
        quarantine.surveyed(
                survey.suspects(), residents, now.deaths()::isKnown, pool.filter(Pool::mayStart), now.epoch());
        if (!surveyed) {
            surveyed = true;
            LOG.info(
                    "Found {} workers, keeps {}",
                    survey.live().size(),
                    with.launcher().workers().size());
        }
    }

    private void meet(List<LiveIncarnation> live, Tenure now) {
        Map<Incarnation, LiveIncarnation> lives = new HashMap<>();
        Map<String, LiveIncarnation> byWorker = new HashMap<>();
        for (LiveIncarnation row : live) {
            lives.put(row.incarnation(), row);
            if (row.launcher() == FleetStore.LauncherKind.PROCESS) {
                byWorker.put(row.incarnation().worker(), row);
            }
        }
        // RACE: a life minted after the survey has read is not in it, so only what was there before can have ended.
        known.keySet().stream()
                .filter(i -> !lives.containsKey(i))
                .forEach(i -> liveness.accept(new LivenessEvent.Ended(i)));
        if (!surveyed) {
            // What it has heard while it stood by may be long over.
            liveness.accept(new LivenessEvent.Known(lives.keySet()));
        }
        known = lives;
        residents = byWorker;
        live.stream()
                .filter(row -> !now.deaths().isKnown(row.incarnation()))
                .forEach(row -> liveness.accept(
                        new LivenessEvent.Expected(row.incarnation(), HealthAddress.of(row.process()))));
        byWorker.values().stream()
                .filter(row -> !now.deaths().isKnown(row.incarnation()))
                .filter(row -> !isKept(row.incarnation().worker()))
                .forEach(now.strays()::meet);
    }

    /** True if a supervisor has this worker or will have it in this round. */
    private boolean isKept(String worker) {
        boolean mine = with.launcher().workers().contains(worker) || quarantine.is(worker);
        return mine && (pool.isPresent() || !escalation.isGivenUp());
    }

    /** Who was fenced by others ends by itself; one that can't, being stopped, is ended here. */
    private void killOverdue(Tenure now) {
        List<WorkerProcess> running = new ArrayList<>(now.strays().processes());
        pool.ifPresent(p -> running.addAll(p.processes()));
        overdue.surveyed(known.keySet(), running).forEach(process -> {
            LOG.warn("Worker {} is fenced and has not ended; kills it", process.incarnation());
            process.kill();
        });
    }

    private String poolOf(Incarnation incarnation) {
        LiveIncarnation row = known.get(incarnation);
        return row == null ? rules.pool() : row.pool();
    }
}
