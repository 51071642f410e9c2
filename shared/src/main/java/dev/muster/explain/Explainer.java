package dev.muster.explain;

import dev.muster.explain.Explanation.Why;
import dev.muster.explain.JobFacts.Ahead;
import dev.muster.explain.JobFacts.Hold;
import dev.muster.explain.JobFacts.Place;
import dev.muster.explain.JobFacts.Standing;
import dev.muster.explain.JobFacts.Turn;
import dev.muster.job.JobState;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Says why a job isn't running now. Pure, and total. */
public final class Explainer {
    private Explainer() {}

    public static Explanation explain(JobFacts facts) {
        List<Reason> reasons = switch (facts.standing()) {
            case Standing.InOutbox out -> List.of(inOutbox(facts, out));
            case Standing.InKafka in -> List.of(inKafka(in));
            case Standing.Nowhere nowhere -> List.of(nowhere(nowhere));
            case Standing.Runs runs -> List.of(runs(facts, runs));
            case Standing.Over over -> List.of(over(facts, over));
            case Standing.Waits waits -> waits(facts, waits);
        };
        List<String> further = new ArrayList<>();
        reasons.stream().skip(1).forEach(reason -> further.add(reason.text()));
        facts.wish()
                .ifPresent(wish -> further.add(
                        "it is to be cancelled, wished by " + wish.by() + " " + ago(wish.at(), facts.now())));
        return new Explanation(reasons.getFirst().why(), reasons.getFirst().text(), further);
    }

    private record Reason(Why why, String text) {}

    private static Reason inOutbox(JobFacts facts, Standing.InOutbox out) {
        return out.refused()
                .map(why -> new Reason(
                        Why.REFUSED_BY_KAFKA, "it stands in the outbox and can't be brought to Kafka: " + why))
                .orElseGet(() -> new Reason(
                        Why.IN_OUTBOX,
                        "it was submitted by a transaction " + ago(out.since(), facts.now())
                                + " and is not in Kafka yet: the leading coordinator brings it once every older "
                                + "transaction is over"));
    }

    private static Reason inKafka(Standing.InKafka in) {
        return new Reason(
                Why.IN_KAFKA,
                "it is still in Kafka, at offset " + in.offset() + " of partition " + in.partition() + " of queue "
                        + in.queue() + "; records that are to be claimed before it: " + in.ahead());
    }

    private static Reason nowhere(Standing.Nowhere nowhere) {
        return new Reason(
                Why.NOT_FOUND,
                nowhere.all()
                        ? "nobody has claimed it, and it is not among the " + nowhere.searched()
                                + " records that are to be claimed: it was never submitted, or is older than the history"
                        : "nobody has claimed it, and it is not among the first " + nowhere.searched()
                                + " records that are to be claimed; there are more");
    }

    private static Reason runs(JobFacts facts, Standing.Runs runs) {
        String run = "run " + runs.attempt() + " began " + ago(runs.since(), facts.now()) + " on " + runs.incarnation();
        if (!runs.fenced()) {
            return new Reason(Why.RUNS, "it runs: " + run);
        }
        Optional<String> heir = facts.place().filter(Place::ownerLives).flatMap(Place::owner);
        return new Reason(
                Why.WORKER_DIED,
                run + ", which is dead; "
                        + heir.map(owner -> owner + " takes it over now")
                                .orElse("it goes on when a worker has its partition"));
    }

    private static Reason over(JobFacts facts, Standing.Over over) {
        return new Reason(
                Why.FINAL,
                "it is " + over.state().wireName() + " since " + over.at()
                        + over.reason().map(why -> ": " + why).orElse("")
                        + over.detail().map(detail -> " (" + detail + ")").orElse("")
                        + (over.state() == JobState.DEAD
                                ? "; it runs again with: muster dead redrive " + facts.id()
                                : ""));
    }

    /** All that stands in its way, what has to go first at the front. */
    private static List<Reason> waits(JobFacts facts, Standing.Waits waits) {
        List<Reason> reasons = new ArrayList<>();
        waits.deadline()
                .filter(deadline -> !deadline.isAfter(facts.now()))
                .ifPresent(deadline -> reasons.add(
                        new Reason(Why.EXPIRES, "its deadline was " + deadline + ": its owner expires it now")));
        facts.place().flatMap(Explainer::place).ifPresent(reasons::add);
        waits.hold().map(hold -> held(facts, hold)).ifPresent(reasons::add);
        waits.ahead().map(Explainer::ahead).ifPresent(reasons::add);
        waits.turn().map(Explainer::turn).ifPresent(reasons::add);
        time(facts, waits).ifPresent(reasons::add);
        if (reasons.isEmpty()) {
            reasons.add(new Reason(
                    Why.STARTS_NOW,
                    "it is due, and nothing stands in its way: its owner"
                            + facts.place()
                                    .flatMap(Place::owner)
                                    .map(owner -> " " + owner)
                                    .orElse("")
                            + " starts it as soon as a slot is free"));
        }
        waits.deadline()
                .filter(deadline -> deadline.isAfter(facts.now()))
                .ifPresent(deadline -> reasons.add(new Reason(Why.EXPIRES, "it expires at " + deadline)));
        return reasons;
    }

    private static Optional<Reason> place(Place place) {
        if (place.paused()) {
            return Optional.of(new Reason(
                    Why.QUEUE_PAUSED,
                    "its queue " + place.queue() + " is paused; it goes on with: muster queue resume"));
        }
        if (place.ownerLives()) {
            return Optional.empty();
        }
        return Optional.of(new Reason(
                Why.NO_OWNER,
                "no live worker has its partition " + place.partition() + " of queue " + place.queue()
                        + place.owner()
                                .map(owner -> "; the last, " + owner + ", is dead")
                                .orElse("")
                        + ": are there workers in pool " + place.pool() + "?"));
    }

    private static Reason held(JobFacts facts, Hold hold) {
        return new Reason(
                Why.KEY_HELD,
                "its key " + hold.key() + " is held since job " + hold.dead() + " of type " + hold.type() + " died "
                        + ago(hold.since(), facts.now())
                        + "; that one runs again, first of all, with: muster dead redrive "
                        + hold.dead() + " --yes; its key goes on without it with: muster queue release " + hold.queue()
                        + " " + hold.key());
    }

    private static Reason ahead(Ahead ahead) {
        String who = "job " + ahead.first()
                + ahead.runsAs()
                        .map(incarnation -> ", which runs on " + incarnation)
                        .orElseGet(() -> ", which waits too"
                                + ahead.reason().map(why -> ": " + why).orElse(""));
        return new Reason(
                Why.BEHIND_KEY,
                "it waits behind " + count(ahead.jobs()) + " of its key " + ahead.key() + ", first of all " + who);
    }

    private static Reason turn(Turn turn) {
        return new Reason(
                Why.WAITS_FOR_LIMIT,
                "it waits for a slot of its limit " + turn.limitKey() + ", in turn " + turn.nth() + ": "
                        + turn.running() + " run, " + turn.max() + " may");
    }

    private static Optional<Reason> time(JobFacts facts, Standing.Waits waits) {
        Optional<Instant> due = waits.due().filter(at -> at.isAfter(facts.now()));
        if (waits.due().isEmpty() && waits.ahead().isEmpty() && waits.hold().isEmpty()) {
            return Optional.of(new Reason(
                    Why.HELD,
                    "it waits until somebody lets it go"
                            + waits.reason().map(why -> ": " + why).orElse("")));
        }
        if (due.isEmpty()
                || waits.hold().isPresent()
                || waits.ahead().isPresent()
                || waits.turn().isPresent()) {
            return Optional.empty(); // the time of those is only when they are looked at again
        }
        String when = due.get() + ", in " + rounded(Duration.between(facts.now(), due.get()));
        String reason = waits.reason().map(why -> ": " + why).orElse("");
        return Optional.of(
                switch (waits.state()) {
                    case SCHEDULED -> new Reason(Why.NOT_DUE, "it is due at " + when + reason);
                    case RETRYING ->
                        new Reason(Why.NOT_DUE, "its last run failed, the next is due at " + when + reason);
                    case UNKNOWN ->
                        new Reason(
                                Why.PUT_OFF,
                                "nobody knows what its last call has done; it is repeated under its key at " + when
                                        + reason);
                    case PARKED, READY -> new Reason(Why.PUT_OFF, "it is put off until " + when + reason);
                    case RUNNING, SUCCEEDED, DECLINED, DEAD, CANCELLED, EXPIRED ->
                        throw new IllegalArgumentException("no state of a waiting job: " + waits.state());
                });
    }

    private static String count(long jobs) {
        return jobs == 1 ? "one job" : jobs >= 10_000 ? "10,000 jobs or more" : jobs + " jobs";
    }

    private static String ago(Instant at, Instant now) {
        return rounded(Duration.between(at, now)) + " ago";
    }

    private static String rounded(Duration time) {
        Duration whole = time.isNegative() ? Duration.ZERO : time.truncatedTo(ChronoUnit.SECONDS);
        if (whole.toDays() > 0) {
            return whole.toDays() + " d " + whole.toHoursPart() + " h";
        }
        if (whole.toHours() > 0) {
            return whole.toHours() + " h " + whole.toMinutesPart() + " min";
        }
        return whole.toMinutes() > 0
                ? whole.toMinutes() + " min " + whole.toSecondsPart() + " s"
                : whole.toSeconds() + " s";
    }
}
