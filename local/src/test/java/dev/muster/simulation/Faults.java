package dev.muster.simulation;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** What goes wrong in one seed: chosen when it begins, and over when it says so. */
final class Faults {
    private final World world;
    private final Scene scene;
    private final boolean coordinated;
    private final boolean killLost;
    private final List<String> names = new ArrayList<>();
    private final long end;
    private int spare;
    private int leaders;
    /** Until then the workers' host stands still; nobody starts on it. */
    private long standsUntil;

    Faults(Scene scene) {
        this.world = scene.world();
        this.scene = scene;
        this.coordinated = world.chance(0.65);
        this.killLost = world.chance(0.5);
        this.end = world.millisBetween(3_000, 8_000);
        int workers = Math.toIntExact(world.between(2, 5));
        for (int i = 1; i <= workers; i++) {
            names.add("w" + i);
        }
    }

    long end() {
        return end;
    }

    /** Starts everything and says what is to go wrong when. */
    void plan() {
        weather();
        if (coordinated) {
            lead();
            if (world.chance(0.5)) {
                lead();
            }
        } else {
            names.forEach(scene::launchAlone);
        }
        long count = world.between(1, 7);
        for (int i = 0; i < count; i++) {
            world.at(world.between(World.millis(600), end), this::strike);
        }
        world.at(end, this::heal);
    }

    private void weather() {
        Wire.Net net = scene.net();
        net.slow = world.chance(0.5) ? 0.3 : 0.1;
        net.lost = world.chance(0.5) ? 0.02 : 0;
        net.unanswered = world.chance(0.6) ? 0.04 : 0;
        net.late = world.chance(0.6) ? 0.04 : 0;
    }

    private void lead() {
        scene.lead("c" + ++leaders, killLost, List.copyOf(names));
    }

    private void strike() {
        if (world.isCalm()) {
            return;
        }
        List<SimWorker> present = scene.present();
        double what = world.random().nextDouble();
        if (present.isEmpty()) {
            return;
        }
        SimWorker victim = world.any(present);
        if (what < 0.16) {
            kill(victim);
        } else if (what < 0.34) {
            freeze(victim);
        } else if (what < 0.46) {
            cut(victim);
        } else if (what < 0.58) {
            victim.run(victim::breakStore);
        } else if (what < 0.66) {
            drain(victim);
        } else if (what < 0.78) {
            strikeCoordinator();
        } else if (what < 0.83) {
            broker();
        } else if (what < 0.88) {
            postgres();
        } else if (what < 0.96) {
            freezeAll();
        } else {
            joinAnother();
        }
    }

    private void kill(SimWorker victim) {
        if (world.now() < standsUntil) {
            scene.present().forEach(SimWorker::fault); // those that stand still are not known as many any more
        }
        victim.fault();
        victim.die("killed");
        replaceAlone();
    }

    /** Without a coordinator, somebody else starts another. */
    private void replaceAlone() {
        if (!coordinated) {
            world.after(world.millisBetween(200, 2_000), this::joinAnother);
        }
    }

    /**
     * Not on a host that stands still: one that went on while all others stood would have seen them leave the group, and
     * without a coordinator that is what death looks like.
     */
    private void joinAnother() {
        if (world.now() < standsUntil) {
            world.at(standsUntil, this::joinAnother);
            return;
        }
        Optional<SimWorker> _ = scene.launchAlone("x" + ++spare);
    }

    private void freeze(SimWorker victim) {
        long time = world.millisBetween(100, 6_000);
        if (time > World.millis(700)) {
            victim.fault();
        }
        victim.freeze();
        world.after(time, victim::thaw);
    }

    private void cut(SimWorker victim) {
        victim.fault();
        double which = world.random().nextDouble();
        victim.cut(which < 0.7, which > 0.35);
        world.after(world.millisBetween(300, 6_000), () -> victim.cut(false, false));
    }

    private void drain(SimWorker victim) {
        victim.run(victim::drain);
        replaceAlone();
    }

    private void strikeCoordinator() {
        List<SimCoordinator> there = scene.coordinators();
        if (there.isEmpty()) {
            return;
        }
        SimCoordinator victim = world.any(there);
        if (world.chance(0.4)) {
            victim.die("killed");
            world.after(world.millisBetween(100, 5_000), this::lead);
        } else if (world.chance(0.5)) {
            victim.freeze();
            world.after(world.millisBetween(300, 6_000), victim::thaw);
        } else {
            victim.cut(world.chance(0.5), world.chance(0.7));
            world.after(world.millisBetween(300, 5_000), () -> victim.cut(false, false));
        }
    }

    private void broker() {
        scene.kafka().stop();
        world.after(world.millisBetween(300, 4_000), scene.kafka()::start);
    }

    private void postgres() {
        scene.net().down = true;
        world.after(world.millisBetween(300, 4_000), () -> {
            scene.net().down = false;
        });
    }

    /** The host stands still, not its clocks: nobody has died, and nobody may be taken for dead. */
    private void freezeAll() {
        long time = world.millisBetween(3_300, 5_000);
        List<SimWorker> all = scene.present();
        boolean isKnownAsMany = all.size() >= 3
                && all.stream().allMatch(SimWorker::isHeard)
                && scene.coordinators().stream().noneMatch(c -> c.state() == Proc.State.FROZEN || c.isCutFromKafka());
        if (!isKnownAsMany) {
            all.forEach(SimWorker::fault); // then it looks like deaths, one by one
        }
        standsUntil = Math.max(standsUntil, world.now() + time);
        all.forEach(worker -> {
            worker.freeze();
            world.after(time + world.millisBetween(0, 2_300), worker::thaw);
        });
    }

    private void heal() {
        world.note(() -> "no faults from here on");
        world.calmDown();
        scene.net().calm();
        standsUntil = world.now();
        if (scene.kafka().isDown()) {
            scene.kafka().start();
        }
        scene.present().forEach(worker -> {
            worker.cut(false, false);
            worker.thaw();
        });
        scene.coordinators().forEach(coordinator -> {
            coordinator.cut(false, false);
            coordinator.thaw();
        });
        if (coordinated && scene.coordinators().isEmpty()) {
            lead();
        }
        if (!coordinated) {
            joinAnother();
        }
    }
}
