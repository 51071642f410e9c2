package dev.muster.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.muster.fleet.Incarnation;
import dev.muster.job.JobId;
import dev.muster.job.Ordering;
import dev.muster.job.Queue;
import dev.muster.store.Claim;
import dev.muster.store.Groups;
import dev.muster.store.IncarnationStore.Fenced;
import dev.muster.store.IncarnationStore.OwnRow;
import dev.muster.store.Incarnations;
import dev.muster.store.Outcome;
import dev.muster.store.Ownership;
import dev.muster.store.OwnershipStore.IntentRequest;
import dev.muster.store.PartitionEpoch;
import dev.muster.store.RunKey;
import dev.muster.store.RunningJob;
import dev.muster.store.Settled;
import dev.muster.store.TakeOver;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.UUID;
import org.assertj.core.groups.Tuple;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What the simulation relies on Postgres for, said to the model and to the real one: both must answer alike. */
abstract class PostgresContract {
    private static final UUID TOPIC = UUID.fromString("11111111-1111-4111-8111-111111111111");
    static final Optional<Duration> WINDOW = Optional.of(Duration.ofDays(7));

    /** A database, and those who speak to it. */
    interface Site {
        void create(Queue queue);

        Optional<Incarnation> mint(String worker, OptionalLong epoch);

        /** Those that a leader has to watch. */
        List<Incarnation> live();

        Ownership ownership(Incarnation me);

        Incarnations incarnations();

        /** Whether a leader of this epoch may fence. */
        boolean fence(Incarnation incarnation, String by, long epoch);

        OptionalLong lead(String holder, Duration ttl);

        void resign(String holder, long epoch);
    }

    abstract Site site();

    String name = "";

    @BeforeEach
    void apartFromOthers() {
        name = "q" + UUID.randomUUID().toString().substring(0, 8);
    }

    PartitionEpoch at(int epoch) {
        return new PartitionEpoch(name, 0, epoch);
    }

    void queue(Ordering ordering, Optional<Duration> window) {
        site().create(new Queue(name, ordering, "default", 4, window, false));
    }

    /** A live worker. */
    Incarnation worker() {
        return site().mint("w" + UUID.randomUUID().toString().substring(0, 8), OptionalLong.empty())
                .orElseThrow();
    }

    JobId id(int n) {
        return JobId.of("contract", name + n);
    }

    Claim.Entry entry(int n, long offset, String key) {
        byte[] payload = {1};
        Claim.Terms terms = new Claim.Terms(
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Instant.EPOCH);
        return new Claim.Entry(
                0,
                offset,
                id(n),
                JobId.atPosition(TOPIC, 0, offset, 0),
                "test",
                key.isEmpty() ? Optional.empty() : Optional.of(key),
                terms,
                new RunningJob.Bytes(null, payload, null),
                payload,
                Optional.empty());
    }

    List<Claim.Verdict> claim(Incarnation me, PartitionEpoch at, long from, Claim.Entry... entries) {
        return claim(me, at, from, Map.of(), entries);
    }

    List<Claim.Verdict> claim(
            Incarnation me, PartitionEpoch at, long from, Map<String, Integer> groups, Claim.Entry... entries) {
        long to = entries[entries.length - 1].offset() + 1;
        return site()
                .ownership(me)
                .claim(new Claim(List.of(new Claim.Span(at, from, to)), List.of(entries)), List.of(), groups)
                .stream()
                .map(Claim.Answer::verdict)
                .toList();
    }

    TakeOver.Answer take(Incarnation me, PartitionEpoch at) {
        return site().ownership(me).takeOver(List.of(new TakeOver(at, TOPIC))).getFirst();
    }

    List<Settled> settle(Incarnation me, int n, int attempt, Outcome.Verdict verdict, PartitionEpoch... keyed) {
        Outcome outcome = new Outcome(id(n), attempt, verdict, "", "", "", Duration.ZERO, Optional.empty(), List.of());
        return site().ownership(me).settle(List.of(outcome), List.of(keyed), List.of(), Groups.NONE);
    }

    @Test
    void a_higher_epoch_takes_over_and_a_lower_one_does_not() {
        queue(Ordering.NONE, WINDOW);
        Incarnation a = worker();
        Incarnation b = worker();

        assertThat(take(a, at(5)).verdict()).isEqualTo(TakeOver.Verdict.TAKEN);
        assertThat(claim(a, at(5), 0, entry(1, 3, ""))).containsExactly(Claim.Verdict.STARTED);
        assertThat(take(b, at(6)).nextOffset()).isEqualTo(4);
        assertThat(take(a, at(5)).verdict()).isEqualTo(TakeOver.Verdict.OVERTAKEN);
        assertThat(take(b, at(6)).verdict()).as("from itself").isEqualTo(TakeOver.Verdict.TAKEN);
    }

    @Test
    void a_claim_is_refused_at_another_epoch_and_at_another_position() {
        queue(Ordering.NONE, WINDOW);
        Incarnation a = worker();
        take(a, at(5));

        assertThat(claim(a, at(4), 0, entry(1, 0, ""))).containsExactly(Claim.Verdict.NOT_OWNER);
        assertThat(claim(a, at(5), 7, entry(1, 7, ""))).containsExactly(Claim.Verdict.NOT_OWNER);
        assertThat(claim(a, at(5), 0, entry(1, 0, ""))).containsExactly(Claim.Verdict.STARTED);
        assertThat(claim(a, at(5), 0, entry(1, 0, ""))).as("again").containsExactly(Claim.Verdict.NOT_OWNER);
    }

    @Test
    void identity_outlives_the_row() {
        queue(Ordering.NONE, WINDOW);
        Incarnation a = worker();
        take(a, at(1));
        claim(a, at(1), 0, entry(1, 0, ""));

        assertThat(claim(a, at(1), 1, entry(1, 1, ""))).containsExactly(Claim.Verdict.DUPLICATE);
        settle(a, 1, 1, Outcome.Verdict.SUCCEEDED);
        assertThat(claim(a, at(1), 2, entry(1, 2, ""))).containsExactly(Claim.Verdict.DUPLICATE);
    }

    @Test
    void jobs_of_a_key_start_one_after_the_other() {
        queue(Ordering.KEY, WINDOW);
        Incarnation a = worker();
        take(a, at(1));

        assertThat(claim(a, at(1), 0, entry(1, 0, "K"), entry(2, 1, "K"), entry(3, 2, "L")))
                .containsExactly(Claim.Verdict.STARTED, Claim.Verdict.WAITING, Claim.Verdict.STARTED);
        assertThat(site().ownership(a).startDue(List.of(at(1)), 10)).isEmpty();
        assertThat(settle(a, 1, 1, Outcome.Verdict.RETRIED, at(1))).containsExactly(new Settled.Done(id(1)));
        assertThat(site().ownership(a).startDue(List.of(at(1)), 10))
                .as("the head comes again before what is behind it")
                .extracting(RunningJob::id, RunningJob::attempt)
                .containsExactly(Tuple.tuple(id(1), 2));
        assertThat(settle(a, 1, 2, Outcome.Verdict.SUCCEEDED, at(1)))
                .filteredOn(Settled.Started.class::isInstance)
                .extracting(s -> ((Settled.Started) s).job().id())
                .containsExactly(id(2));
    }

    @Test
    void who_does_not_own_the_partition_starts_nothing_in_it() {
        queue(Ordering.KEY, WINDOW);
        Incarnation a = worker();
        Incarnation b = worker();
        take(a, at(1));
        claim(a, at(1), 0, entry(1, 0, "K"), entry(2, 1, "K"));
        take(b, at(2));

        assertThat(settle(a, 1, 1, Outcome.Verdict.SUCCEEDED, at(1))).containsExactly(new Settled.Done(id(1)));
        assertThat(site().ownership(a).startDue(List.of(at(1)), 10)).isEmpty();
        assertThat(site().ownership(b).startDue(List.of(at(2)), 10))
                .extracting(RunningJob::id)
                .containsExactly(id(2));
    }

    @Test
    void a_settle_is_refused_of_another_incarnation_and_of_another_attempt() {
        queue(Ordering.NONE, WINDOW);
        Incarnation a = worker();
        Incarnation b = worker();
        take(a, at(1));
        claim(a, at(1), 0, entry(1, 0, ""));

        assertThat(settle(b, 1, 1, Outcome.Verdict.SUCCEEDED)).containsExactly(new Settled.Rejected(id(1)));
        assertThat(settle(a, 1, 2, Outcome.Verdict.SUCCEEDED)).containsExactly(new Settled.Rejected(id(1)));
        assertThat(settle(a, 1, 1, Outcome.Verdict.SUCCEEDED)).containsExactly(new Settled.Done(id(1)));
        assertThat(settle(a, 1, 1, Outcome.Verdict.SUCCEEDED)).containsExactly(new Settled.Rejected(id(1)));
    }

    @Test
    void only_rows_of_the_fenced_are_adopted_and_each_is_another_attempt() {
        queue(Ordering.NONE, WINDOW);
        Incarnation a = worker();
        Incarnation b = worker();
        take(a, at(1));
        claim(a, at(1), 0, entry(1, 0, ""));
        take(b, at(2));

        assertThat(site().ownership(b).adopt(List.of(at(2)), List.of())).isEmpty();
        assertThat(site().ownership(b).foreign(List.of(at(2)))).hasSize(1);
        site().incarnations().fence(a, "test", a);
        assertThat(site().ownership(a).adopt(List.of(at(1)), List.of())).isEmpty();
        assertThat(site().ownership(b).adopt(List.of(at(2)), List.of()))
                .extracting(RunningJob::attempt, job -> job.budget().recoveries())
                .containsExactly(Tuple.tuple(2, 1));
        assertThat(settle(a, 1, 1, Outcome.Verdict.SUCCEEDED)).containsExactly(new Settled.Rejected(id(1)));
        assertThat(take(a, at(3)).verdict()).isEqualTo(TakeOver.Verdict.FENCED);
        assertThat(site().incarnations().ownRow(a)).isEqualTo(OwnRow.FENCED);
    }

    @Test
    void a_run_that_is_begun_again_is_another_attempt() {
        queue(Ordering.NONE, WINDOW);
        Incarnation a = worker();
        take(a, at(1));
        claim(a, at(1), 0, entry(1, 0, ""));
        List<RunKey> rows = site().ownership(a).census();

        assertThat(site().ownership(a).beginAgain(rows))
                .extracting(RunningJob::attempt)
                .containsExactly(2);
        assertThat(site().ownership(a).beginAgain(rows)).as("late").isEmpty();
        assertThat(settle(a, 1, 1, Outcome.Verdict.SUCCEEDED)).containsExactly(new Settled.Rejected(id(1)));
    }

    @Test
    void nothing_but_success_closes_a_job_with_an_open_call() {
        queue(Ordering.NONE, WINDOW);
        Incarnation a = worker();
        take(a, at(1));
        claim(a, at(1), 0, entry(1, 0, ""), entry(2, 1, ""));
        Ownership of = site().ownership(a);
        List<IntentRequest> charges =
                List.of(new IntentRequest(id(1), 1, "charge"), new IntentRequest(id(2), 9, "charge"));

        assertThat(of.intend(charges))
                .extracting(i -> i.unansweredSince().isPresent())
                .containsExactly(false);
        assertThat(of.intend(charges))
                .extracting(i -> i.unansweredSince().isPresent())
                .containsExactly(true);
        assertThat(settle(a, 1, 1, Outcome.Verdict.DECLINED)).containsExactly(new Settled.Unsure(id(1)));
        assertThat(settle(a, 2, 1, Outcome.Verdict.DECLINED)).containsExactly(new Settled.Done(id(2)));
    }

    @Test
    void an_owner_fences_nobody_who_drains_and_nobody_while_a_coordinator_leads() {
        Incarnation a = worker();
        Incarnation b = worker();
        Incarnation c = worker();
        Incarnations said = site().incarnations();
        said.renewDrain(a);

        assertThat(said.fence(a, "absent", b)).isEqualTo(Fenced.DRAINING);
        long epoch = site().lead(name, Duration.ofSeconds(30)).orElseThrow();
        assertThat(said.fence(c, "absent", b)).isEqualTo(Fenced.LEADER_DECIDES);
        assertThat(site().lead("another", Duration.ofSeconds(30))).isEmpty();
        assertThat(site().fence(c, name, epoch - 1)).isFalse();
        assertThat(site().fence(c, name, epoch)).isTrue();
        assertThat(said.fence(c, "absent", c)).isEqualTo(Fenced.ALREADY);
        site().resign(name, epoch);
    }

    @Test
    void a_leader_finds_also_those_that_it_has_not_minted_until_they_are_fenced() {
        Incarnation alone = worker();

        assertThat(site().live()).contains(alone);
        site().incarnations().fence(alone, "test", alone);
        assertThat(site().live()).doesNotContain(alone);
    }

    @Test
    void a_worker_has_one_life_at_a_time_and_a_number_is_never_used_again() {
        Incarnation first = worker();

        assertThat(site().mint(first.worker(), OptionalLong.empty())).isEmpty();
        assertThat(site().mint(first.worker(), OptionalLong.of(Long.MAX_VALUE)))
                .as("no leader's")
                .isEmpty();
        site().incarnations().fence(first, "test", first);
        assertThat(site().mint(first.worker(), OptionalLong.empty()))
                .hasValueSatisfying(next -> assertThat(next.number()).isEqualTo(first.number() + 1));
    }
}
