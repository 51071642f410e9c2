package dev.muster.local.submitting;

import dev.muster.job.JobContext;
import dev.muster.job.JobHandler;
import dev.muster.job.JobResult;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** Answers each run as its payload says. */
public final class ScriptHandler implements JobHandler<ScriptHandler.Script> {
    /** What the first run says, the second, and so on. */
    public record Script(List<String> runs) {}

    @Override
    public String type() {
        return "test.script";
    }

    @Override
    public Class<Script> payloadType() {
        return Script.class;
    }

    @Override
    public JobResult run(Script script, JobContext context) {
        String word = script.runs().get(context.attempt() - 1);
        return switch (word) {
            case "succeed" -> JobResult.succeeded("a receipt");
            case "decline" -> new JobResult.Declined("a no");
            case "retry after" -> new JobResult.Retry("not now", Optional.of(Duration.ofMillis(400)));
            case "snooze" -> new JobResult.Snooze("later", Duration.ofMillis(300));
            case "fail" -> new JobResult.Fail("never");
            case "unknown" -> new JobResult.Unknown("no answer");
            case "cancel" -> new JobResult.Cancelled("as wished");
            default -> throw new UnsupportedOperationException(word);
        };
    }
}
