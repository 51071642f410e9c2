package dev.muster.coordinator.http;

import dev.muster.explain.Explanation;
import dev.muster.job.JobId;
import dev.muster.store.JobView;
import io.javalin.http.Context;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Jobs as JSON objects. Never the payload: it may hold what a dashboard's reader must not see. */
final class JobViews {
    private JobViews() {}

    static Map<String, @Nullable Object> brief(JobView job) {
        Map<String, @Nullable Object> view = new LinkedHashMap<>();
        view.put("id", job.id().toString());
        view.put("queue", job.queue());
        view.put("type", job.type());
        view.put("key", job.key().orElse(null));
        view.put("state", job.state().wireName());
        view.put("attempt", job.run().attempt());
        view.put("failures", job.run().failures());
        view.put("recoveries", job.run().recoveries());
        view.put("incarnation", job.run().incarnation().orElse(null));
        view.put("reason", job.outcome().reason().orElse(null));
        view.put("submitted_at", job.times().submitted().toString());
        view.put("started_at", text(job.times().started()));
        view.put("due_at", text(job.times().due()));
        view.put("settled_at", text(job.times().settled()));
        return view;
    }

    static Map<String, @Nullable Object> full(JobView job) {
        Map<String, @Nullable Object> view = brief(job);
        view.put("partition", job.position().partition());
        view.put("offset", job.position().offset());
        view.put("claimed_at", job.times().claimed().toString());
        view.put("entered_at", text(job.times().entered()));
        view.put("detail", job.outcome().detail().orElse(null));
        view.put("result", job.outcome().result().orElse(null));
        view.put("progress", job.underway().progress().map(JobViews::progress).orElse(null));
        view.put("cancel_wish", job.underway().wish().map(JobViews::wish).orElse(null));
        view.put(
                "suspected", job.underway().suspected().map(JobViews::suspected).orElse(null));
        List<Map<String, @Nullable Object>> attempts =
                job.attempts().stream().map(JobViews::attempt).toList();
        view.put("attempts", attempts);
        return view;
    }

    private static Map<String, @Nullable Object> progress(JobView.Progress progress) {
        Map<String, @Nullable Object> view = new LinkedHashMap<>();
        view.put("attempt", progress.attempt());
        view.put("percent", progress.percent());
        view.put("note", progress.note().orElse(null));
        view.put("at", progress.at().toString());
        return view;
    }

    private static Map<String, @Nullable Object> wish(JobView.Wish wish) {
        Map<String, @Nullable Object> view = new LinkedHashMap<>();
        view.put("by", wish.by());
        view.put("reason", wish.reason().orElse(null));
        view.put("at", wish.at().toString());
        return view;
    }

    private static Map<String, @Nullable Object> suspected(JobView.Suspected suspected) {
        Map<String, @Nullable Object> view = new LinkedHashMap<>();
        view.put("standing", suspected.standing());
        view.put("workers", suspected.workers());
        view.put("ending", suspected.ending());
        view.put("since", suspected.since().toString());
        return view;
    }

    private static Map<String, @Nullable Object> attempt(JobView.Attempt attempt) {
        Map<String, @Nullable Object> view = new LinkedHashMap<>();
        view.put("number", attempt.number());
        view.put("incarnation", attempt.incarnation());
        view.put("outcome", attempt.outcome());
        view.put("reason", attempt.reason().orElse(null));
        view.put("detail", attempt.detail().orElse(null));
        view.put("started_at", attempt.started().toString());
        view.put("entered_at", text(attempt.entered()));
        view.put("ended_at", attempt.ended().toString());
        view.put("due_at", text(attempt.due()));
        return view;
    }

    private static @Nullable String text(Optional<Instant> time) {
        return time.map(Instant::toString).orElse(null);
    }

    /** Why the job of the request isn't running. */
    static Map<String, Object> explained(Context ctx, JobExplanations explanations) {
        JobId id = JobId.parse(ctx.pathParam("id"));
        Explanation explanation = explanations.explain(id);
        return Map.of(
                "id",
                id.toString(),
                "why",
                explanation.why().wireName(),
                "summary",
                explanation.summary(),
                "further",
                explanation.further());
    }
}
