package dev.muster.store;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.muster.protocol.Json;
import dev.muster.protocol.Submission;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The jobs that follow from outcomes, as the one parameter in which {@code settle} takes them. */
final class FollowUpJson {
    private FollowUpJson() {}

    /** Empty where none follow, as is the rule: then it costs nothing. */
    static Optional<String> of(List<Outcome> outcomes) {
        List<Map<String, @Nullable Object>> rows = new ArrayList<>();
        for (Outcome outcome : outcomes) {
            for (FollowUp followUp : outcome.followUps()) {
                rows.add(row(outcome, followUp));
            }
        }
        return rows.isEmpty() ? Optional.empty() : Optional.of(Json.MAPPER.writeValueAsString(rows));
    }

    private static Map<String, @Nullable Object> row(Outcome outcome, FollowUp followUp) {
        Submission submission = followUp.submission();
        Map<String, @Nullable Object> row = new LinkedHashMap<>();
        row.put("parent", outcome.id().toString());
        row.put("job_id", submission.jobId().toString());
        row.put("queue", followUp.queue());
        row.put("source", submission.source());
        row.put("id", submission.id());
        row.put("type", submission.type());
        row.put("job_key", submission.key().orElse(null));
        row.put("data", new String(submission.data(), UTF_8));
        row.put("attributes", submission.extensions());
        return row;
    }
}
