package dev.muster.coordinator.http;

import dev.muster.config.ConfigException;
import dev.muster.config.Setting;
import dev.muster.config.Settings;
import dev.muster.coordinator.leadership.Leadership;
import dev.muster.coordinator.liveness.LivenessLoop;
import dev.muster.coordinator.pressure.LagLoop;
import dev.muster.coordinator.recovery.Announcer;
import dev.muster.coordinator.stats.Statistics;
import dev.muster.job.JobId;
import dev.muster.job.JobState;
import dev.muster.kafka.Backlog;
import dev.muster.protocol.Json;
import dev.muster.store.CancellationStore;
import dev.muster.store.Database;
import dev.muster.store.DeadLetterStore;
import dev.muster.store.IncidentStore;
import dev.muster.store.JobReader;
import dev.muster.store.Redriver;
import dev.muster.store.ScheduleStore;
import dev.muster.store.StoreException;
import dev.muster.store.SupervisionStore;
import dev.muster.time.Ticker;
import io.javalin.Javalin;
import io.javalin.config.JavalinConfig;
import io.javalin.http.Context;
import io.javalin.http.HandlerType;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.net.URI;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.common.KafkaException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/**
 * The operations API under {@code /api/v1}, {@code /metrics}, {@code /health} and the live page at {@code /}. What changes
 * something is a POST with a JSON body, see {@link JobActions} and {@link DeadLetterRoutes}. No authentication yet, so it
 * belongs on a loopback address, see {@link Reach}. Thread-safe.
 */
public final class HttpApi implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(HttpApi.class);
    private static final String CSP = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
            + "img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
    private static final int MAX_LIST = 200;

    private final Javalin server;
    private final String host;

    private HttpApi(Javalin server, String host) {
        this.server = server;
        this.host = host;
    }

    /** What is shown. */
    public record Sources(
            Leadership leadership,
            LivenessLoop liveness,
            IncidentStore incidents,
            LagLoop lag,
            Statistics statistics,
            Announcer announcer,
            Backlog backlog,
            Database database) {}

    /**
     * Opens the port.
     *
     * @throws ConfigException if the address can't be used
     */
    public static HttpApi start(Settings settings, Sources sources, MeterRegistry meters, Ticker ticker) {
        String host = settings.string(Setting.COORDINATOR_HOST);
        int port = settings.integer(Setting.COORDINATOR_PORT, 0, 65_535);
        Reach reach = Reach.of(host, settings.bool(Setting.HTTP_ALLOW_REMOTE));
        Views views = new Views(sources, ticker);
        JobReader jobs = new JobReader(sources.database());
        JobActions actions = new JobActions(new CancellationStore(sources.database()), sources.announcer());
        JobExplanations explanations =
                new JobExplanations(sources.database(), sources.backlog(), Duration.ofSeconds(5));
        DeadLetterRoutes deadLetters = new DeadLetterRoutes(
                new DeadLetterStore(sources.database()), new Redriver(sources.database(), settings), ticker);
        SupervisionStore supervision = new SupervisionStore(sources.database());
        ScheduleViews schedules = new ScheduleViews(new ScheduleStore(sources.database()));
        Javalin server = Javalin.create(config -> {
            config.startup.showJavalinBanner = false;
            config.startup.showOldJavalinVersionWarning = false;
            config.startup.startupWatcherEnabled = false;
            config.concurrency.useVirtualThreads = true;
            config.http.generateEtags = false;
            config.routes.before(reach::check);
            headers(config);
            api(config, views, jobs, schedules, supervision);
            config.routes.post("/api/v1/jobs/{id}/cancel", actions::cancel);
            config.routes.get("/api/v1/jobs/{id}/explanation", ctx -> json(ctx, JobViews.explained(ctx, explanations)));
            deadLetters.routes(config);
            operations(config, views, meters);
            StaticPage.routes(config);
        });
        try {
            server.start(host, port);
        } catch (io.javalin.util.JavalinException e) {
            throw new ConfigException(
                    "the HTTP API can't listen on " + host + ":" + port + " (" + e.getMessage() + "); set "
                            + Setting.COORDINATOR_PORT.key() + " to a free port, or 0 for any",
                    e);
        }
        return new HttpApi(server, host);
    }

    public URI url() {
        String name = host.equals("0.0.0.0") || host.equals("::") ? "127.0.0.1" : host;
        return URI.create("http://" + (name.contains(":") ? "[" + name + "]" : name) + ":" + server.port());
    }

    @Override
    public void close() {
        server.stop();
    }

    private static void headers(JavalinConfig config) {
        config.routes.before(ctx -> ctx.header("Content-Security-Policy", CSP)
                .header("X-Content-Type-Options", "nosniff")
                .header("Referrer-Policy", "no-referrer")
                .header("Cache-Control", "no-store"));
        config.routes.exception(StoreException.class, (e, ctx) -> unanswered(ctx, e));
        config.routes.exception(KafkaException.class, (e, ctx) -> {
            LOG.debug("{} could not be answered", ctx.path(), e);
            problem(ctx, 503, "Kafka does not answer; try again in a moment");
        });
        config.routes.exception(IllegalArgumentException.class, (e, ctx) -> problem(ctx, 400, e.getMessage()));
        config.routes.exception(Exception.class, (e, ctx) -> {
            LOG.error("{} could not be answered", ctx.path(), e);
            problem(ctx, 500, "a bug in the coordinator; its log has the details");
        });
    }

    /** Pages ask each second: what they miss is in the log of the loops already. What somebody asked for once is not. */
    private static void unanswered(Context ctx, StoreException e) {
        switch (e.code()) {
            case UNREACHABLE, CONTENDED -> {
                LOG.atLevel(ctx.method().equals(HandlerType.GET) ? Level.DEBUG : Level.WARN)
                        .log("{} {} was not carried out: {}", ctx.method(), ctx.path(), e.getMessage());
                problem(ctx, 503, "Postgres does not answer; try again in a moment");
            }
            case BAD_DATA, BROKEN -> {
                LOG.error("{} {} could not be answered", ctx.method(), ctx.path(), e);
                problem(ctx, 500, "a bug in the coordinator; its log has the details");
            }
        }
    }

    private static void api(
            JavalinConfig config, Views views, JobReader jobs, ScheduleViews schedules, SupervisionStore supervision) {
        config.routes.get("/api/v1/overview", ctx -> json(ctx, views.overview()));
        config.routes.get("/api/v1/fleet", ctx -> json(ctx, views.fleet()));
        config.routes.get("/api/v1/incidents", ctx -> json(ctx, views.incidents(limit(ctx, 20))));
        config.routes.get("/api/v1/queues", ctx -> json(ctx, views.queues()));
        config.routes.get("/api/v1/stats", ctx -> json(ctx, views.stats()));
        config.routes.get("/api/v1/schedules", ctx -> json(ctx, schedules.list(limit(ctx, 100))));
        config.routes.get(
                "/api/v1/supervision",
                ctx -> json(
                        ctx,
                        Map.of(
                                "events",
                                supervision.recent(supervisionFilter(ctx)).stream()
                                        .map(SupervisionViews::event)
                                        .toList())));
        config.routes.get(
                "/api/v1/jobs",
                ctx -> json(
                        ctx,
                        Map.of(
                                "jobs",
                                jobs.list(filter(ctx)).stream()
                                        .map(JobViews::brief)
                                        .toList())));
        config.routes.get("/api/v1/jobs/{id}", ctx -> {
            JobId id = JobId.parse(ctx.pathParam("id"));
            jobs.find(id)
                    .ifPresentOrElse(
                            job -> json(ctx, JobViews.full(job)),
                            () -> problem(
                                    ctx,
                                    404,
                                    "there is no job " + id
                                            + jobs.refused(id)
                                                    .map(record ->
                                                            "; a record that names it was refused, and is kept as "
                                                                    + record)
                                                    .orElse("")));
        });
    }

    private static void operations(JavalinConfig config, Views views, MeterRegistry meters) {
        config.routes.get("/metrics", ctx -> {
            if (meters instanceof PrometheusMeterRegistry prometheus) {
                String accept = Optional.ofNullable(ctx.header("Accept")).orElse("");
                String type = accept.contains("application/openmetrics-text")
                        ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
                        : "text/plain; version=0.0.4; charset=utf-8";
                ctx.contentType(type).result(prometheus.scrape(type));
            } else {
                problem(ctx, 404, "this coordinator was started with another registry of meters");
            }
        });
        // Live: the process serves. Never whether Kafka or Postgres do, or their outage would restart all coordinators.
        config.routes.get("/health/live", ctx -> json(ctx, Map.of("status", "live")));
        config.routes.get("/health/ready", ctx -> {
            Optional<String> trouble = views.trouble();
            trouble.ifPresentOrElse(what -> problem(ctx, 503, what), () -> json(ctx, Map.of("status", "ready")));
        });
    }

    private static JobReader.Filter filter(Context ctx) {
        return new JobReader.Filter(
                parameter(ctx, "state").map(JobState::parse),
                parameter(ctx, "queue"),
                parameter(ctx, "type"),
                limit(ctx, 20));
    }

    private static SupervisionStore.Filter supervisionFilter(Context ctx) {
        return new SupervisionStore.Filter(
                parameter(ctx, "path"), parameter(ctx, "child"), limit(ctx, 20, SupervisionStore.MAX_LIMIT));
    }

    static Optional<String> parameter(Context ctx, String name) {
        return Optional.ofNullable(ctx.queryParam(name)).filter(value -> !value.isBlank());
    }

    static int limit(Context ctx, int otherwise) {
        return limit(ctx, otherwise, MAX_LIST);
    }

    private static int limit(Context ctx, int otherwise, int max) {
        int limit = parameter(ctx, "limit").map(Integer::parseInt).orElse(otherwise);
        if (limit < 1 || limit > max) {
            throw new IllegalArgumentException("limit is not between 1 and " + max + ": " + limit);
        }
        return limit;
    }

    static void json(Context ctx, Object body) {
        ctx.contentType("application/json; charset=utf-8").result(Json.MAPPER.writeValueAsBytes(body));
    }

    /** Source: RFC 9457, problem details. */
    static void problem(Context ctx, int status, @org.jspecify.annotations.Nullable String detail) {
        ctx.status(status)
                .contentType("application/problem+json")
                .result(Json.MAPPER.writeValueAsBytes(
                        Map.of("status", status, "detail", detail == null ? "" : detail)));
    }
}
