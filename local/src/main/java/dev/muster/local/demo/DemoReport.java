package dev.muster.local.demo;

import dev.muster.job.JobState;
import dev.muster.local.trial.Audit;
import dev.muster.local.trial.Evidence;
import dev.muster.local.trial.Percentiles;
import dev.muster.local.trial.Recovery;
import dev.muster.local.trial.Verdict;
import dev.muster.store.AuditReader;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * What a demo has to say in the end, for people and, in keys that scripts rely on, as JSON.
 *
 * @param restarts how often a worker was started again
 * @param wall from the first submission until the last job was final
 */
public record DemoReport(
        int submitted, Audit audit, Recovery recovery, Percentiles endToEnd, int kills, int restarts, Duration wall)
        implements Verdict {

    static DemoReport of(Evidence evidence, int minKills, int restarts, Duration wall) {
        List<Long> endToEnd = new ArrayList<>();
        for (AuditReader.FinalJob row : evidence.finals()) {
            endToEnd.add(Duration.between(row.submitted(), row.settled()).toMillis());
        }
        return new DemoReport(
                evidence.submitted().size(),
                Audit.of(evidence, minKills),
                Recovery.of(evidence),
                Percentiles.of(endToEnd),
                evidence.kills().size(),
                restarts,
                wall);
    }

    @Override
    public boolean isOk() {
        return audit.isOk();
    }

    @Override
    public Map<String, Object> json() {
        Percentiles recovered = Percentiles.of(recovery.millis());
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("submitted", submitted);
        for (JobState state :
                List.of(JobState.SUCCEEDED, JobState.DECLINED, JobState.DEAD, JobState.CANCELLED, JobState.EXPIRED)) {
            json.put(state.wireName(), audit.in(state));
        }
        json.put("unknown", audit.unknown());
        json.put("lost", audit.lost());
        json.put("provider_charges", audit.charges());
        json.put("duplicate_charges", audit.duplicateCharges());
        json.put("keys", audit.keyOrder().keys());
        json.put("order_violations", audit.keyOrder().disorders().size());
        json.put("overlaps", audit.keyOrder().overlaps().size());
        json.put("worker_kills", kills);
        json.put("restarts", restarts);
        json.put("recovery_ms", ordered("p50", recovered.p50(), "p99", recovered.p99(), "max", recovered.max()));
        json.put("end_to_end_ms", ordered("p50", endToEnd.p50(), "p99", endToEnd.p99()));
        json.put("jobs_per_second", Math.round(jobsPerSecond() * 10) / 10.0);
        json.put("wall_s", wall.toMillis() / 1000.0);
        json.put("audit", isOk() ? "ok" : "failed");
        return json;
    }

    @Override
    public List<String> lines() {
        Percentiles recovered = Percentiles.of(recovery.millis());
        List<String> lines = new ArrayList<>();
        lines.add(String.format(
                Locale.ROOT,
                "jobs       %,d submitted: %,d succeeded, %,d declined, %,d dead, %,d cancelled, %,d expired",
                submitted,
                audit.in(JobState.SUCCEEDED),
                audit.in(JobState.DECLINED),
                audit.in(JobState.DEAD),
                audit.in(JobState.CANCELLED),
                audit.in(JobState.EXPIRED)));
        lines.add(String.format(Locale.ROOT, "           %,d lost, %,d unknown", audit.lost(), audit.unknown()));
        lines.add(String.format(
                Locale.ROOT,
                "provider   %,d charges, %,d of them duplicates",
                audit.charges(),
                audit.duplicateCharges()));
        lines.add(String.format(
                Locale.ROOT,
                "order      %,d keys, %,d order violations, %,d overlaps",
                audit.keyOrder().keys(),
                audit.keyOrder().disorders().size(),
                audit.keyOrder().overlaps().size()));
        lines.add(String.format(Locale.ROOT, "workers    %,d killed, %,d restarts", kills, restarts));
        lines.add(String.format(
                Locale.ROOT,
                "recovery   %,d interrupted runs went on elsewhere after p50 %,d ms, p99 %,d ms, at most %,d ms%s",
                recovered.count(),
                recovered.p50(),
                recovered.p99(),
                recovered.max(),
                recovery.unmeasured() == 0
                        ? ""
                        : String.format(Locale.ROOT, " (%,d not measured)", recovery.unmeasured())));
        lines.add(String.format(Locale.ROOT, "end to end p50 %,d ms, p99 %,d ms", endToEnd.p50(), endToEnd.p99()));
        lines.add(String.format(
                Locale.ROOT, "throughput %.1f jobs/s over %.1f s", jobsPerSecond(), wall.toMillis() / 1000.0));
        audit.violations().forEach(violation -> lines.add("VIOLATION  " + violation));
        lines.add("audit      " + (isOk() ? "ok" : "failed"));
        return lines;
    }

    private double jobsPerSecond() {
        return wall.isZero() ? 0 : submitted * 1000.0 / wall.toMillis();
    }

    private static Map<String, Object> ordered(Object... pairs) {
        Map<String, Object> map = new LinkedHashMap<>();
        for (int i = 0; i < pairs.length; i += 2) {
            map.put((String) pairs[i], pairs[i + 1]);
        }
        return map;
    }
}
