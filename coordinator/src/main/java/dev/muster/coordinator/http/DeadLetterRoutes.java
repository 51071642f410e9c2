package dev.muster.coordinator.http;

import dev.muster.store.DeadLetterStore;
import dev.muster.store.DeadLetterStore.Filter;
import dev.muster.store.Redriver;
import dev.muster.time.Ticker;
import io.javalin.config.JavalinConfig;
import io.javalin.http.Context;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** What the API shows of dead letters, and the route that redrives them. Thread-safe. */
final class DeadLetterRoutes {
    /** Every open page asks each second; so many dead letters as there may be are not grouped that often. */
    private static final Duration KEPT = Duration.ofSeconds(3);

    private final DeadLetterStore letters;
    private final Redriver redriver;
    private final Ticker ticker;
    private volatile @Nullable Groups groups;

    DeadLetterRoutes(DeadLetterStore letters, Redriver redriver, Ticker ticker) {
        this.letters = letters;
        this.redriver = redriver;
        this.ticker = ticker;
    }

    /** The last answer, and to what. */
    private record Groups(String query, long nanos, Map<String, Object> view) {}

    void routes(JavalinConfig config) {
        config.routes.get("/api/v1/dead-letters/groups", ctx -> HttpApi.json(ctx, groups(ctx)));
        config.routes.get("/api/v1/dead-letters", ctx -> HttpApi.json(ctx, list(ctx)));
        config.routes.post("/api/v1/dead-letters/redrive", this::redrive);
    }

    private Map<String, Object> groups(Context ctx) {
        Optional<String> queue = HttpApi.parameter(ctx, "queue");
        Optional<String> type = HttpApi.parameter(ctx, "type");
        int limit = HttpApi.limit(ctx, 20);
        String query = queue + " " + type + " " + limit;
        Groups last = groups;
        if (last != null && last.query().equals(query) && ticker.nanos() - last.nanos() < KEPT.toNanos()) {
            return last.view();
        }
        Map<String, Object> view = Map.of(
                "groups",
                letters.groups(queue, type, limit).stream()
                        .map(DeadLetterViews::group)
                        .toList());
        groups = new Groups(query, ticker.nanos(), view);
        return view;
    }

    private Map<String, Object> list(Context ctx) {
        Filter filter = new Filter(
                List.of(),
                HttpApi.parameter(ctx, "group"),
                HttpApi.parameter(ctx, "queue"),
                HttpApi.parameter(ctx, "type"),
                HttpApi.parameter(ctx, "since").map(RedriveRequest::time));
        return Map.of(
                "dead_letters",
                letters.list(filter, HttpApi.limit(ctx, 20)).stream()
                        .map(DeadLetterViews::letter)
                        .toList());
    }

    private void redrive(Context ctx) {
        if (ctx.header("Origin") != null) {
            // Any site in an operator's browser can reach this port, and browsers say where a request comes from.
            HttpApi.problem(ctx, 403, "a web page may not ask for that; use the command line or a program");
        } else if (!isJson(ctx)) {
            HttpApi.problem(ctx, 415, "the body is JSON; say so with Content-Type: application/json");
        } else {
            HttpApi.json(
                    ctx,
                    DeadLetterViews.report(redriver.run(RedriveRequest.read(ctx.bodyAsBytes(), "http " + ctx.ip()))));
        }
    }

    private static boolean isJson(Context ctx) {
        String type = ctx.contentType();
        return type != null && type.toLowerCase(Locale.ROOT).startsWith("application/json");
    }
}
