package dev.muster.store;

import static dev.muster.store.OwnershipFixture.id;
import static dev.muster.store.OwnershipFixture.job;
import static dev.muster.store.OwnershipFixture.keyed;
import static org.assertj.core.api.Assertions.assertThat;

import dev.muster.embedded.junit.PostgresDatabase;
import dev.muster.fleet.Incarnation;
import dev.muster.job.JobId;
import dev.muster.job.Ordering;
import dev.muster.store.FleetStore.FenceVerdict;
import dev.muster.store.OwnershipFixture.Actor;
import dev.muster.store.Suspicion.InFlight;
import dev.muster.store.Suspicion.Judged;
import dev.muster.store.Suspicion.Judgement;
import dev.muster.store.Suspicion.Standing;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

/** A key with a suspect and who waits behind it; what workers and the leader say of it. For tests on a real Postgres. */
abstract class SuspectScene {
    final OwnershipFixture db;
    final QuarantineStore suspects;
    String queue = "";
    PartitionEpoch partition = new PartitionEpoch("none", 0, 1);
    long epoch;

    SuspectScene(PostgresDatabase postgres) {
        this.db = new OwnershipFixture(postgres);
        this.suspects = new QuarantineStore(db.database());
    }

    @BeforeEach
    void lead() {
        queue = db.queue(Ordering.KEY, Optional.empty());
        epoch = db.count("SELECT lead('coordinator', 'test-" + queue + "', interval '1 hour')");
    }

    @AfterEach
    void close() {
        db.execute("UPDATE leader_lease SET expires_at = now() - interval '1 second'"); // for the next test's leader
        db.execute("DELETE FROM suspect"); // all tests have the same database
        db.close();
    }

    /** Its first job was in flight in a worker's death and is a suspect; its second waits behind it. */
    void suspectWithFollower() {
        Actor first = owner(1);
        first.claims(partition, 0, keyed(0, queue + "a", "k"), keyed(1, queue + "b", "k"));
        dies(first, Standing.SUSPECTED, 0);
    }

    Actor lend(Actor owner) {
        owner.store().adopt(List.of(partition), List.of());
        Actor quarantine = db.worker();
        suspects.lend(List.of(id(queue + "a")), quarantine.me(), epoch);
        makeDue();
        owner.store().startDue(List.of(partition), 10);
        assertThat(quarantine.store().census()).hasSize(1);
        return quarantine;
    }

    Actor owner(int groupEpoch) {
        Actor owner = db.worker();
        partition = new PartitionEpoch(queue, 0, groupEpoch);
        owner.takes(partition);
        return owner;
    }

    void dies(Actor worker, Standing standing, int weight) {
        assertThat(suspects.fence(worker.me(), "exited", "test", epoch, judgement(worker.me(), standing, weight)))
                .isEqualTo(FenceVerdict.FENCED);
    }

    Judgement judgement(Incarnation dead, Standing standing, int weight) {
        return new Judgement(
                "default",
                "exit code 77",
                suspects.inFlight(dead).stream()
                        .map(job -> judged(job, standing, weight))
                        .toList());
    }

    private static Judged judged(InFlight job, Standing standing, int weight) {
        int deaths = job.before().map(Suspicion::deaths).orElse(standing == Standing.NOTED ? 0 : 1) + 1;
        return new Judged(
                job.id(),
                job.attempt(),
                new Suspicion(standing, deaths, weight, 0),
                standing == Standing.CONVICTED ? Optional.of("it has done it") : Optional.empty());
    }

    void makeDue() {
        db.execute("UPDATE job_waiting SET due_at = now() WHERE queue = '" + queue + "' AND isfinite(due_at)");
    }

    String state(String name) {
        return find(name).state().wireName();
    }

    JobView find(String name) {
        JobId job = id(queue + name);
        return new JobReader(db.database()).find(job).orElseThrow();
    }
}
