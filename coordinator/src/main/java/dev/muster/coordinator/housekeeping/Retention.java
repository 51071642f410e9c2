package dev.muster.coordinator.housekeeping;

import dev.muster.config.ConfigException;
import dev.muster.config.Setting;
import dev.muster.config.Settings;
import java.time.Duration;

/**
 * How long what is over is kept.
 *
 * @param history of jobs and of all that belongs to them, in whole days (UTC); at least one
 * @param incidents from their end
 * @param supervision events of supervisors
 */
public record Retention(Duration history, Duration incidents, Duration supervision) {
    public Retention {
        if (history.compareTo(Duration.ofDays(1)) < 0) {
            throw new IllegalArgumentException("the history's retention is shorter than a day: " + history);
        }
    }

    /**
     * As it is configured.
     *
     * @throws ConfigException if a setting is wrong
     */
    public static Retention of(Settings settings) {
        try {
            return new Retention(
                    settings.duration(Setting.RETENTION_HISTORY),
                    settings.duration(Setting.RETENTION_INCIDENTS),
                    settings.duration(Setting.RETENTION_SUPERVISION));
        } catch (IllegalArgumentException e) {
            throw new ConfigException(Setting.RETENTION_HISTORY.key() + ": " + e.getMessage(), e);
        }
    }
}
