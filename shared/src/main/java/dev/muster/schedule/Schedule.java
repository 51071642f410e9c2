package dev.muster.schedule;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * A schedule: at each of its times a job is made. Immutable.
 *
 * @param name lower-case letters, digits, {@code . _ -}, at most 100
 */
public record Schedule(String name, Timing timing, Template job, Standing standing) {
    private static final Pattern NAME = Pattern.compile("[a-z0-9][a-z0-9._-]{0,99}");

    public Schedule {
        if (!NAME.matcher(name).matches()) {
            throw new IllegalArgumentException(
                    "a schedule's name has lower-case letters, digits, '.', '_' and '-' only, at most 100: " + name);
        }
    }

    /**
     * The jobs that it makes.
     *
     * @param key in a keyed queue what their order goes by
     * @param data the payload, JSON
     */
    public record Template(String queue, String type, Optional<String> key, byte[] data, Terms terms) {
        /** As for records: Postgres' index on keys takes not much more. */
        private static final int MAX_KEY_BYTES = 1_024;

        public Template {
            key.ifPresent(Template::checkKey);
        }

        private static void checkKey(String key) {
            int bytes = key.getBytes(StandardCharsets.UTF_8).length;
            if (bytes == 0 || bytes > MAX_KEY_BYTES || key.indexOf('\0') >= 0) {
                throw new IllegalArgumentException(
                        "a key has 1 to " + MAX_KEY_BYTES + " bytes and no zero byte, but this one has " + bytes);
            }
        }
    }

    /**
     * What is asked for each of its jobs.
     *
     * @param maxAttempts overrides the handler's retry policy, 1 to 1000
     * @param deadlineAfter its deadline, counted from its time on the schedule
     */
    public record Terms(Optional<Integer> maxAttempts, Optional<Duration> deadlineAfter) {
        public static final Terms NONE = new Terms(Optional.empty(), Optional.empty());

        public Terms {
            if (maxAttempts.filter(n -> n < 1 || n > 1_000).isPresent()) {
                throw new IllegalArgumentException("max attempts is not between 1 and 1000: " + maxAttempts.get());
            }
            if (deadlineAfter
                    .filter(time -> time.compareTo(Duration.ofMillis(1)) < 0)
                    .isPresent()) {
                throw new IllegalArgumentException("deadline is not positive: " + deadlineAfter.get());
            }
        }
    }

    /**
     * How it stands in Postgres.
     *
     * @param nextFireAt the next time that it is to fire; in the past while it is late or paused
     * @param paused it does not fire; its policy decides about the times that pass
     * @param revision when what it says was last changed: part of the compare-and-set that fires it
     */
    public record Standing(Instant nextFireAt, boolean paused, Instant createdAt, Instant revision) {}
}
