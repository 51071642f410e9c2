package dev.muster.simulation;

import dev.muster.config.Settings;
import dev.muster.embedded.junit.EmbeddedServers;
import dev.muster.embedded.junit.PostgresDatabase;
import dev.muster.fleet.Incarnation;
import dev.muster.job.Queue;
import dev.muster.store.Database;
import dev.muster.store.FleetStore;
import dev.muster.store.IncarnationStore;
import dev.muster.store.Incarnations;
import dev.muster.store.LeaseStore;
import dev.muster.store.Migrations;
import dev.muster.store.Ownership;
import dev.muster.store.OwnershipStore;
import dev.muster.store.QueueStore;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;

/** The Postgres that ships. */
@ExtendWith(EmbeddedServers.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class RealPostgresIT extends GroupContract {
    private final Database database;
    private final Site site;

    RealPostgresIT(PostgresDatabase postgres) {
        Settings settings = Settings.of(Map.of(
                "muster.postgres.url", postgres.jdbcUrl(),
                "muster.postgres.user", postgres.user(),
                "muster.postgres.password", postgres.password()));
        Migrations.migrate(settings);
        this.database = Database.open(settings, "contract", 4, Optional.empty());
        this.site = new Real(database);
    }

    @AfterAll
    void close() {
        database.close();
    }

    @Override
    Site site() {
        return site;
    }

    private record Real(Database database) implements Site {
        @Override
        public void create(Queue queue) {
            new QueueStore(database).create(queue);
        }

        @Override
        public Optional<Incarnation> mint(String worker, OptionalLong epoch) {
            return epoch.isEmpty()
                    ? new IncarnationStore(database).mint(worker, "default", "here")
                    : new FleetStore(database)
                            .mint(worker, "default", FleetStore.LauncherKind.PROCESS, "here", epoch.getAsLong());
        }

        @Override
        public List<Incarnation> live() {
            return new FleetStore(database)
                    .live().stream()
                            .map(FleetStore.LiveIncarnation::incarnation)
                            .toList();
        }

        @Override
        public Ownership ownership(Incarnation me) {
            return new OwnershipStore(database, me);
        }

        @Override
        public Incarnations incarnations() {
            return new IncarnationStore(database);
        }

        @Override
        public boolean fence(Incarnation incarnation, String by, long epoch) {
            return new FleetStore(database).fence(incarnation, "test", by, OptionalLong.of(epoch))
                    != FleetStore.FenceVerdict.DEPOSED;
        }

        @Override
        public OptionalLong lead(String holder, Duration ttl) {
            return new LeaseStore(database).lead(holder, ttl);
        }

        @Override
        public void resign(String holder, long epoch) {
            new LeaseStore(database).resign(holder, epoch);
        }
    }
}
