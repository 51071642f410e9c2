package dev.muster.telemetry;

import static dev.muster.telemetry.MeterName.Type.COUNTER;
import static dev.muster.telemetry.MeterName.Type.GAUGE;
import static dev.muster.telemetry.MeterName.Type.TIMER;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.function.ToDoubleFunction;

/**
 * Every meter of Muster: its name, what it measures and the tags that it may have. Prometheus' form follows: dots
 * become underscores, counters end in {@code _total}, timers in {@code _seconds}. Tags are small closed sets, never a
 * job's id, a key or the text of an error.
 */
public enum MeterName {
    JOBS_RECEIVED("muster.jobs.received", COUNTER, "records", "Records that were polled", "queue"),
    JOBS_REJECTED("muster.jobs.rejected", COUNTER, "records", "Records that could not become a job", "reason"),
    DUPLICATES_SUPPRESSED(
            "muster.duplicates.suppressed", COUNTER, "records", "Submissions seen before, and what saw it", "stage"),
    JOB_ATTEMPTS("muster.job.attempts", COUNTER, "attempts", "Runs that ended, and how", "job_type", "outcome"),
    JOBS_ABANDONED(
            "muster.jobs.abandoned",
            COUNTER,
            "attempts",
            "Runs given up since they ignored their interrupt",
            "job_type"),
    ABANDONED_THREADS("muster.worker.threads.abandoned", GAUGE, "threads", "Threads of such runs that still run"),
    JOBS_FINISHED("muster.jobs.finished", COUNTER, "jobs", "Jobs with a final state", "job_type", "outcome"),
    JOB_ATTEMPT("muster.job.attempt", TIMER, "seconds", "How long a run took", Buckets.ATTEMPT, "job_type", "outcome"),
    JOB_QUEUE_WAIT(
            "muster.job.queue.wait", TIMER, "seconds", "From submission to the first start", Buckets.WAIT, "job_type"),
    JOB_END_TO_END(
            "muster.job.end.to.end",
            TIMER,
            "seconds",
            "From submission to the final state",
            Buckets.END_TO_END,
            "job_type",
            "outcome"),
    JOBS_ADOPTED("muster.jobs.adopted", COUNTER, "jobs", "Jobs taken over from a fenced incarnation"),
    JOBS_SUSPECTED("muster.jobs.suspected", GAUGE, "jobs", "Jobs in quarantine, or waiting for it, on the leader"),
    JOBS_CONVICTED("muster.jobs.convicted", COUNTER, "jobs", "Jobs that killed their worker, alone in quarantine"),
    WORKER_SLOTS("muster.worker.slots", GAUGE, "slots", "How many jobs this worker may run at once"),
    WORKER_SLOTS_BUSY("muster.worker.slots.busy", GAUGE, "slots", "How many jobs this worker runs"),
    FENCING_REJECTIONS(
            "muster.fencing.rejections", COUNTER, "writes", "Writes refused since somebody else owns it", "operation"),
    DB_OPERATION("muster.db.operation", TIMER, "seconds", "Calls of Postgres", Buckets.DATABASE, "operation"),
    PROVIDER_REQUESTS(
            "muster.provider.requests",
            COUNTER,
            "requests",
            "Calls of a provider, and its answer",
            "provider",
            "operation",
            "outcome"),
    PROVIDER_UP("muster.provider.up", GAUGE, "", "1 while the provider answered its last health check", "provider"),

    WORKERS("muster.workers", GAUGE, "workers", "Workers, as the leader judges them", "state"),
    COORDINATOR_LEADER("muster.coordinator.leader", GAUGE, "coordinators", "1 while this coordinator leads"),
    COORDINATOR_EPOCH("muster.coordinator.epoch", GAUGE, "epochs", "Epoch of this coordinator's lease, 0 without"),
    COORDINATOR_ELECTIONS(
            "muster.coordinator.elections", COUNTER, "elections", "Changes of this coordinator's role", "result"),
    SUPERVISOR_RESTARTS(
            "muster.supervisor.restarts", COUNTER, "restarts", "Children started again", "supervisor", "reason"),
    SUPERVISOR_ESCALATIONS(
            "muster.supervisor.escalations", COUNTER, "escalations", "Restart intensity exceeded", "supervisor"),
    FAILURE_DETECTION(
            "muster.failure.detection",
            TIMER,
            "seconds",
            "From a worker's last sign of life to the verdict",
            Buckets.RECOVERY,
            "fact"),
    FAILOVER("muster.failover", TIMER, "seconds", "From the verdict to the end of a step", Buckets.RECOVERY, "step"),
    HEARTBEATS("muster.heartbeats", COUNTER, "heartbeats", "Heartbeats read, and what they were worth", "result"),
    HEARTBEAT_AGE_MAX("muster.worker.heartbeat.age.max", GAUGE, "seconds", "Age of the oldest live worker's last one"),
    CONSUMER_LAG("muster.consumer.lag", GAUGE, "records", "Records not claimed yet", "group", "topic"),
    RELAYED("muster.events.relayed", COUNTER, "events", "Events and dead letters produced", "topic"),
    RELAY_AGE("muster.outbox.oldest.age", GAUGE, "seconds", "Age of the oldest row that is not relayed yet"),
    SUBMISSIONS_RELAYED(
            "muster.submissions.relayed",
            COUNTER,
            "jobs",
            "Submissions brought from Postgres to Kafka, or set aside",
            "result"),
    SUBMISSIONS_AGE(
            "muster.submissions.oldest.age", GAUGE, "seconds", "Age of the oldest submission that is not in Kafka yet"),
    HOUSEKEEPING_REMOVED("muster.housekeeping.removed", COUNTER, "rows", "Rows removed since they were over", "kind"),
    HOUSEKEEPING_PARTITIONS(
            "muster.housekeeping.partitions", COUNTER, "partitions", "Daily partitions made and dropped", "action"),
    HOUSEKEEPING_AGE(
            "muster.housekeeping.age", GAUGE, "seconds", "Since the leader's last finished round; 0 on a standby"),
    DEFAULT_PARTITION_ROWS(
            "muster.partition.default.rows", GAUGE, "rows", "Rows of days without a partition; up to 100000", "table"),
    SCHEDULE_FIRINGS(
            "muster.schedule.firings", COUNTER, "jobs", "Jobs that schedules made, and for which times", "time"),
    SCHEDULE_LATENESS(
            "muster.schedule.lateness",
            TIMER,
            "seconds",
            "From a time on a schedule to its job, those that were missed left out",
            Buckets.WAIT);

    private final String id;
    private final Type type;
    private final String unit;
    private final String help;
    private final Buckets buckets;
    private final String tags; // joined, since an enum's fields are to be immutable

    MeterName(String id, Type type, String unit, String help, String... tags) {
        this(id, type, unit, help, Buckets.NONE, tags);
    }

    MeterName(String id, Type type, String unit, String help, Buckets buckets, String... tags) {
        this.id = id;
        this.type = type;
        this.unit = unit;
        this.help = help;
        this.buckets = buckets;
        this.tags = String.join(",", tags);
    }

    /** What kind of meter it is. */
    public enum Type {
        /** Only rises. */
        COUNTER,
        /** Goes up and down. */
        GAUGE,
        /** A histogram of durations. */
        TIMER
    }

    /** The bounds of a histogram: chosen ones, since the library's own are five times as many series. */
    private enum Buckets {
        NONE,
        ATTEMPT,
        WAIT,
        END_TO_END,
        DATABASE,
        RECOVERY;

        private Duration[] bounds() {
            double[] seconds = switch (this) {
                case NONE -> new double[0];
                case ATTEMPT -> new double[] {.01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60};
                case WAIT -> new double[] {.01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 300};
                case END_TO_END -> new double[] {.1, .5, 1, 5, 10, 30, 60, 300, 900, 3600};
                case DATABASE -> new double[] {.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10};
                case RECOVERY -> new double[] {.01, .025, .05, .1, .25, .5, 1, 1.5, 2, 3, 5, 10, 30};
            };
            return Arrays.stream(seconds)
                    .mapToObj(s -> Duration.ofNanos(Math.round(s * 1e9)))
                    .toArray(Duration[]::new);
        }
    }

    /** The name in Micrometer's form, with dots. */
    public String id() {
        return id;
    }

    public Type type() {
        return type;
    }

    public String unit() {
        return unit;
    }

    public String help() {
        return help;
    }

    /** The names of its tags, all of which every series has. */
    public List<String> tags() {
        return tags.isEmpty() ? List.of() : List.of(tags.split(",", -1));
    }

    /** The name in Prometheus' form, with its suffix. */
    public String prometheusName() {
        String base = id.replace('.', '_');
        return switch (type) {
            case COUNTER -> base + "_total";
            case TIMER -> base + "_seconds";
            case GAUGE ->
                switch (this) {
                    case CONSUMER_LAG -> base + "_records";
                    case HEARTBEAT_AGE_MAX, RELAY_AGE, HOUSEKEEPING_AGE -> base + "_seconds";
                    default -> base;
                };
        };
    }

    /**
     * The counter with these tags, registered at 0 if it was not there yet: an alert on an increase misses the first
     * event of a series that did not exist before.
     *
     * @param values one per name of {@link #tags}, in that order
     */
    public Counter counter(MeterRegistry registry, String... values) {
        require(COUNTER);
        return Counter.builder(id).description(help).tags(tagged(values)).register(registry);
    }

    /** The timer with these tags, with this meter's buckets. */
    public Timer timer(MeterRegistry registry, String... values) {
        require(TIMER);
        return Timer.builder(id)
                .description(help)
                .tags(tagged(values))
                .serviceLevelObjectives(buckets.bounds())
                .register(registry);
    }

    /** A gauge that asks {@code source} at each scrape. The registry keeps {@code source} reachable. */
    public <T> Gauge gauge(MeterRegistry registry, T source, ToDoubleFunction<T> value, String... values) {
        require(GAUGE);
        Gauge.Builder<T> builder = Gauge.builder(id, source, value)
                .description(help)
                .tags(tagged(values))
                .strongReference(true);
        return switch (this) {
            case CONSUMER_LAG, HEARTBEAT_AGE_MAX, RELAY_AGE, HOUSEKEEPING_AGE ->
                builder.baseUnit(unit).register(registry);
            default -> builder.register(registry);
        };
    }

    /**
     * This meter's tags with values.
     *
     * @throws IllegalArgumentException if there are more or fewer values than tags
     */
    public Tags tagged(String... values) {
        List<String> names = tags();
        if (values.length != names.size()) {
            throw new IllegalArgumentException(
                    id + " has the tags " + names + ", but " + values.length + " values were given");
        }
        Tags tagged = Tags.empty();
        for (int i = 0; i < values.length; i++) {
            tagged = tagged.and(names.get(i), values[i]);
        }
        return tagged;
    }

    private void require(Type wanted) {
        if (type != wanted) {
            throw new IllegalStateException(id + " is a " + type + ", not a " + wanted);
        }
    }
}
