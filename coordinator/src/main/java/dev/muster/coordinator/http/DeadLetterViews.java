package dev.muster.coordinator.http;

import dev.muster.store.DeadLetter;
import dev.muster.store.DeadLetterGroup;
import dev.muster.store.RedriveReport;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Dead letters as JSON objects. Never their bytes: they may hold what a dashboard's reader must not see. */
final class DeadLetterViews {
    private DeadLetterViews() {}

    static Map<String, @Nullable Object> group(DeadLetterGroup group) {
        Map<String, @Nullable Object> view = new LinkedHashMap<>();
        view.put("group", group.group());
        view.put("type", group.type());
        view.put("cause", group.cause());
        view.put("queues", group.queues());
        view.put("letters", group.letters());
        view.put("keys", group.keys());
        view.put("first_at", group.first().toString());
        view.put("last_at", group.last().toString());
        view.put("latest", group.latest().toString());
        return view;
    }

    static Map<String, @Nullable Object> letter(DeadLetter letter) {
        Map<String, @Nullable Object> view = new LinkedHashMap<>();
        view.put("id", letter.id().toString());
        view.put("group", letter.group());
        view.put("queue", letter.queue());
        view.put("type", letter.type());
        view.put("key", letter.key().orElse(null));
        view.put("partition", letter.position().partition());
        view.put("offset", letter.position().offset());
        view.put("attempt", letter.run().attempt());
        view.put("failures", letter.run().failures());
        view.put("recoveries", letter.run().recoveries());
        view.put("incarnation", letter.run().incarnation().orElse(null));
        view.put("reason", letter.death().reason().orElse(null));
        view.put("detail", letter.death().detail().orElse(null));
        view.put("submitted_at", letter.death().submitted().toString());
        view.put("died_at", letter.death().at().toString());
        view.put("redrives", letter.redrives());
        return view;
    }

    static Map<String, @Nullable Object> report(RedriveReport report) {
        Map<String, Integer> counts = new LinkedHashMap<>();
        report.counts().forEach((verdict, count) -> counts.put(verdict.wireName(), count));
        Map<String, @Nullable Object> view = new LinkedHashMap<>();
        view.put("dry_run", report.dryRun());
        view.put("batch", report.dryRun() ? null : report.batch().toString());
        view.put("counts", counts);
        view.put("last_due_at", report.lastDue().map(Instant::toString).orElse(null));
        view.put("more", report.more());
        view.put(
                "refused",
                report.refused().stream()
                        .map(refused -> Map.of(
                                "id", refused.id().toString(),
                                "verdict", refused.verdict().wireName(),
                                "meaning", refused.verdict().meaning(),
                                "detail", refused.detail()))
                        .toList());
        return view;
    }
}
