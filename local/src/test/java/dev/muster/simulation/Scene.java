package dev.muster.simulation;

import dev.muster.fleet.Heartbeat;
import dev.muster.fleet.Incarnation;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;

/** Everything that is there: the servers' models, the processes, and what connects them. */
final class Scene {
    static final Duration TRUST = Duration.ofSeconds(1);

    private final World world;
    private final Rules rules;
    private final ModelPostgres postgres;
    private final ModelKafka kafka;
    private final Wire.Net net = new Wire.Net();
    private final Provider provider;
    private final Jobs jobs;
    private final Map<Incarnation, SimWorker> workers = new LinkedHashMap<>();
    private final List<SimCoordinator> coordinators = new ArrayList<>();

    Scene(World world, Set<Guard> off) {
        this.world = world;
        this.rules = new Rules(world, TRUST);
        this.postgres = new ModelPostgres(world, off, rules);
        this.rules.watch(postgres);
        this.kafka = new ModelKafka(world);
        this.provider = new Provider(world, rules);
        this.jobs = new Jobs(world, kafka, rules);
        postgres.queues.put(Jobs.PAY.name(), Jobs.PAY);
        postgres.queues.put(Jobs.MAIL.name(), Jobs.MAIL);
        Jobs.createTopics(kafka);
    }

    World world() {
        return world;
    }

    Rules rules() {
        return rules;
    }

    ModelPostgres postgres() {
        return postgres;
    }

    ModelKafka kafka() {
        return kafka;
    }

    Wire.Net net() {
        return net;
    }

    Provider provider() {
        return provider;
    }

    Jobs jobs() {
        return jobs;
    }

    // ---- workers ----

    /** A process for a life that was minted. */
    SimWorker launch(Incarnation incarnation) {
        SimWorker worker = new SimWorker(this, incarnation);
        workers.put(incarnation, worker);
        world.note(() -> incarnation + " is started");
        worker.start();
        return worker;
    }

    /** One that somebody else starts: it mints its own life. Empty while the name is taken. */
    Optional<SimWorker> launchAlone(String name) {
        return postgres.mint(name, OptionalLong.empty()).map(this::launch);
    }

    Optional<SimWorker> worker(Incarnation incarnation) {
        return Optional.ofNullable(workers.get(incarnation));
    }

    /** Those whose process is there, stopped or not. */
    List<SimWorker> present() {
        return workers.values().stream().filter(worker -> !worker.isGone()).toList();
    }

    void exited(SimWorker worker) {
        coordinators.forEach(coordinator -> coordinator.sees(worker));
    }

    // ---- coordinators ----

    SimCoordinator lead(String name, boolean killLost, List<String> names) {
        SimCoordinator coordinator = new SimCoordinator(this, name, killLost, names);
        coordinators.add(coordinator);
        coordinator.start();
        return coordinator;
    }

    List<SimCoordinator> coordinators() {
        return coordinators.stream()
                .filter(coordinator -> !coordinator.isGone())
                .toList();
    }

    /** False if nobody can hear it. */
    boolean heartbeat(SimWorker from, Heartbeat heartbeat) {
        if (kafka.isDown() || from.isCutFromKafka()) {
            return false;
        }
        for (SimCoordinator coordinator : coordinators) {
            coordinator.after(world.millisBetween(1, 60), () -> coordinator.hears(heartbeat));
        }
        return true;
    }

    /** The fence is announced on the topic of commands; who does not hear it finds out by itself. */
    void announceFence(Incarnation fenced) {
        if (kafka.isDown()) {
            return;
        }
        for (SimWorker worker : present()) {
            if (!worker.isCutFromKafka() && !world.chance(0.1)) {
                worker.after(world.millisBetween(1, 50), () -> worker.hearsOfFence(fenced));
            }
        }
    }

    /** Nothing of it is left, its threads least of all. */
    void end() {
        workers.values().forEach(worker -> worker.die("the simulation ends"));
        coordinators.forEach(coordinator -> coordinator.die("the simulation ends"));
    }
}
