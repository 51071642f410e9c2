package dev.muster.local.cli;

import dev.muster.store.JobView;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** Jobs as text for people and as maps for JSON. Pure. */
final class JobPrinter {
    private static final String ROW = "%-36s  %-20s  %-24s  %-10s  %7s  %-20s  %s";

    private JobPrinter() {}

    /** A heading and a line for each job. */
    static List<String> table(List<JobView> jobs) {
        List<String> lines = new ArrayList<>();
        lines.add(String.format(Locale.ROOT, ROW, "ID", "QUEUE", "TYPE", "STATE", "ATTEMPT", "SUBMITTED", "REASON"));
        for (JobView job : jobs) {
            lines.add(String.format(
                            Locale.ROOT,
                            ROW,
                            job.id(),
                            job.queue(),
                            job.type(),
                            job.state().wireName(),
                            job.run().attempt(),
                            job.times().submitted().truncatedTo(ChronoUnit.SECONDS),
                            job.outcome().reason().orElse(""))
                    .stripTrailing());
        }
        return lines;
    }

    /** Everything about one job. */
    static List<String> page(JobView job) {
        List<String> lines = new ArrayList<>();
        field(lines, "id", Optional.of(job.id()));
        field(lines, "queue", Optional.of(job.queue()));
        field(lines, "type", Optional.of(job.type()));
        field(lines, "key", job.key());
        field(lines, "state", Optional.of(job.state().wireName()));
        field(lines, "reason", job.outcome().reason());
        field(lines, "detail", job.outcome().detail());
        field(lines, "result", job.outcome().result());
        field(
                lines,
                "record",
                Optional.of("partition " + job.position().partition()
                        + (job.position().isOfRecord()
                                ? ", offset " + job.position().offset()
                                : ", of no record: a schedule made it")));
        field(
                lines,
                "runs",
                Optional.of(job.run().attempt() + " (" + job.run().failures() + " failed, "
                        + job.run().recoveries() + " cut short)"));
        field(lines, "incarnation", job.run().incarnation());
        field(lines, "submitted", Optional.of(job.times().submitted()));
        field(lines, "claimed", Optional.of(job.times().claimed()));
        field(lines, "started", job.times().started());
        field(lines, "entered", job.times().entered());
        field(lines, "due", job.times().due());
        field(lines, "settled", job.times().settled());
        field(
                lines,
                "progress",
                job.underway()
                        .progress()
                        .map(said -> said.percent() + " %"
                                + said.note().map(note -> " " + note).orElse("") + ", at " + said.at() + " in run "
                                + said.attempt()));
        field(
                lines,
                "cancel",
                job.underway()
                        .wish()
                        .map(wish -> "wished by " + wish.by() + " at " + wish.at()
                                + wish.reason().map(reason -> ": " + reason).orElse("")));
        field(
                lines,
                "quarantine",
                job.underway()
                        .suspected()
                        .map(it -> it.standing() + " since " + it.since() + ": in flight when "
                                + String.join(", ", it.workers()) + " ended, the last with " + it.ending()));
        for (JobView.Attempt attempt : job.attempts()) {
            lines.add(run(
                    attempt.number(),
                    attempt.outcome(),
                    attempt.started() + " to " + attempt.ended() + " on " + attempt.incarnation(),
                    attempt.reason(),
                    attempt.detail()));
        }
        job.times()
                .started()
                .ifPresent(started -> lines.add(run(
                        job.run().attempt(),
                        job.state().wireName(),
                        started
                                + job.times()
                                        .settled()
                                        .map(settled -> " to " + settled)
                                        .orElse("")
                                + job.run()
                                        .incarnation()
                                        .map(incarnation -> " on " + incarnation)
                                        .orElse(""),
                        Optional.empty(),
                        Optional.empty())));
        return lines;
    }

    private static String run(
            int number, String outcome, String where, Optional<String> reason, Optional<String> detail) {
        return "run " + number + "        " + outcome + ", " + where
                + reason.map(text -> ": " + text).orElse("")
                + detail.map(text -> " (" + text + ")").orElse("");
    }

    /** The same as JSON; what a job does not have is left out. */
    static Map<String, Object> json(JobView job) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("id", job.id().toString());
        json.put("queue", job.queue());
        json.put("type", job.type());
        put(json, "key", job.key());
        json.put("state", job.state().wireName());
        put(json, "reason", job.outcome().reason());
        put(json, "detail", job.outcome().detail());
        put(json, "result", job.outcome().result());
        json.put("partition", job.position().partition());
        json.put("offset", job.position().offset());
        json.put("attempt", job.run().attempt());
        json.put("failures", job.run().failures());
        json.put("recoveries", job.run().recoveries());
        put(json, "incarnation", job.run().incarnation());
        json.put("submitted_at", job.times().submitted().toString());
        json.put("claimed_at", job.times().claimed().toString());
        put(json, "started_at", job.times().started().map(Instant::toString));
        put(json, "entered_at", job.times().entered().map(Instant::toString));
        put(json, "due_at", job.times().due().map(Instant::toString));
        put(json, "settled_at", job.times().settled().map(Instant::toString));
        job.underway().progress().ifPresent(said -> json.put("progress", json(said)));
        job.underway().wish().ifPresent(wish -> json.put("cancel_wish", json(wish)));
        job.underway().suspected().ifPresent(it -> json.put("suspected", json(it)));
        if (!job.attempts().isEmpty()) {
            json.put("attempts", job.attempts().stream().map(JobPrinter::json).toList());
        }
        return json;
    }

    private static Map<String, Object> json(JobView.Progress said) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("attempt", said.attempt());
        json.put("percent", said.percent());
        put(json, "note", said.note());
        json.put("at", said.at().toString());
        return json;
    }

    private static Map<String, Object> json(JobView.Wish wish) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("by", wish.by());
        put(json, "reason", wish.reason());
        json.put("at", wish.at().toString());
        return json;
    }

    private static Map<String, Object> json(JobView.Suspected suspected) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("standing", suspected.standing());
        json.put("workers", suspected.workers());
        json.put("ending", suspected.ending());
        json.put("since", suspected.since().toString());
        return json;
    }

    private static Map<String, Object> json(JobView.Attempt attempt) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("attempt", attempt.number());
        json.put("incarnation", attempt.incarnation());
        json.put("outcome", attempt.outcome());
        put(json, "reason", attempt.reason());
        put(json, "detail", attempt.detail());
        json.put("started_at", attempt.started().toString());
        put(json, "entered_at", attempt.entered().map(Instant::toString));
        json.put("ended_at", attempt.ended().toString());
        put(json, "due_at", attempt.due().map(Instant::toString));
        return json;
    }

    private static void put(Map<String, Object> json, String name, Optional<String> value) {
        value.ifPresent(text -> json.put(name, text));
    }

    private static void field(List<String> lines, String name, Optional<?> value) {
        value.ifPresent(text -> lines.add(String.format(Locale.ROOT, "%-12s %s", name, text)));
    }
}
