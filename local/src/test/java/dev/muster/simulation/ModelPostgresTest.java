package dev.muster.simulation;

import dev.muster.fleet.Incarnation;
import dev.muster.job.Queue;
import dev.muster.store.Incarnations;
import dev.muster.store.Ownership;
import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/** The model of Postgres. */
final class ModelPostgresTest extends GroupContract {
    private final Site model = new Model();

    @Override
    Site site() {
        return model;
    }

    private static final class Model implements Site {
        private final ModelPostgres db;

        Model() {
            World world = new World(1, false);
            world.calmDown();
            Rules rules = new Rules(world, Scene.TRUST);
            this.db = new ModelPostgres(world, EnumSet.noneOf(Guard.class), rules);
            rules.watch(db);
        }

        @Override
        public void create(Queue queue) {
            db.queues.put(queue.name(), queue);
        }

        @Override
        public Optional<Incarnation> mint(String worker, OptionalLong epoch) {
            return db.mint(worker, epoch);
        }

        @Override
        public List<Incarnation> live() {
            return db.live();
        }

        @Override
        public Ownership ownership(Incarnation me) {
            return db.ownership(me);
        }

        @Override
        public Incarnations incarnations() {
            return db;
        }

        @Override
        public boolean fence(Incarnation incarnation, String by, long epoch) {
            return db.fence(incarnation, by, epoch).isPresent();
        }

        @Override
        public OptionalLong lead(String holder, Duration ttl) {
            return db.lead(holder, ttl);
        }

        @Override
        public void resign(String holder, long epoch) {}
    }
}
