package dev.muster.protocol;

import dev.muster.schedule.Schedule;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;

/**
 * The submission that a schedule's firing stands for: what anybody would have sent to the queue's topic, so that it is
 * decoded, shown and, when it is dead, redriven like any other. Pure.
 */
public final class ScheduledSubmission {
    private static final String SOURCE = "/muster/schedules/";

    private ScheduledSubmission() {}

    /** The firing at one of the schedule's times. Its identity is the schedule and that time, so there is only one. */
    public static Submission at(Schedule schedule, Instant time) {
        return of(schedule, time.toString(), time);
    }

    /**
     * The same job outside its times.
     *
     * @param id makes it another job than those of the schedule's times; said again with the same id it is one job
     */
    public static Submission byHand(Schedule schedule, String id, Instant now) {
        return of(schedule, "by-hand/" + id, now);
    }

    /** Its headers as a worker would have stored those of the record: as {@link RecordHeaders} encodes them. */
    public static byte[] headers(Submission submission) {
        return RecordHeaders.encode(submission.toRecord("any").headers());
    }

    private static Submission of(Schedule schedule, String id, Instant time) {
        Schedule.Template job = schedule.job();
        Map<String, String> attributes = new HashMap<>();
        attributes.put("time", time.toString()); // CloudEvents' own: when the occurrence happened
        job.terms().maxAttempts().ifPresent(n -> attributes.put("mustermaxattempts", Integer.toString(n)));
        job.terms()
                .deadlineAfter()
                .ifPresent(after ->
                        attributes.put("musterdeadline", time.plus(after).toString()));
        return new Submission(SOURCE + schedule.name(), id, job.type(), job.key(), job.data(), attributes);
    }
}
