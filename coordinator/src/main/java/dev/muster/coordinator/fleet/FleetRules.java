package dev.muster.coordinator.fleet;

import dev.muster.config.ConfigException;
import dev.muster.config.Setting;
import dev.muster.config.Settings;
import dev.muster.supervision.RestartBackoff;
import dev.muster.supervision.Strategy;
import dev.muster.supervision.SupervisorFlags;
import java.time.Duration;
import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;

/**
 * What the supervisor of a pool of workers goes by. Immutable.
 *
 * @param pool its name, for messages and metrics
 * @param shutdown how long a worker has to drain and end before it is killed
 * @param backoff the pause before a restart, which OTP does not have
 */
public record FleetRules(String pool, SupervisorFlags flags, Duration shutdown, RestartBackoff backoff) {
    private static final Duration AFTER_DRAIN = Duration.ofSeconds(5);

    /**
     * From the settings.
     *
     * @throws ConfigException if the strategy is none of OTP's, or the period is not a number of whole seconds
     */
    public static FleetRules of(Settings settings) {
        Duration period = settings.duration(Setting.FLEET_PERIOD);
        if (period.toNanosPart() != 0) {
            throw new ConfigException(Setting.FLEET_PERIOD.key() + " is not a number of whole seconds: "
                    + settings.string(Setting.FLEET_PERIOD));
        }
        return new FleetRules(
                settings.string(Setting.WORKER_POOL),
                SupervisorFlags.defaults()
                        .withStrategy(strategy(settings.string(Setting.FLEET_STRATEGY)))
                        .withIntensity(settings.integer(Setting.FLEET_INTENSITY, 0, 100_000), period),
                settings.duration(Setting.WORKER_DRAIN_TIMEOUT).plus(AFTER_DRAIN),
                RestartBackoff.defaults());
    }

    private static Strategy strategy(String name) {
        return Arrays.stream(Strategy.values())
                .filter(strategy -> nameOf(strategy).equals(name))
                .findFirst()
                .orElseThrow(() -> new ConfigException(Setting.FLEET_STRATEGY.key() + " is none of "
                        + Arrays.stream(Strategy.values())
                                .map(FleetRules::nameOf)
                                .collect(Collectors.joining(", "))
                        + ": " + name));
    }

    private static String nameOf(Strategy strategy) {
        return strategy.name().toLowerCase(Locale.ROOT);
    }
}
