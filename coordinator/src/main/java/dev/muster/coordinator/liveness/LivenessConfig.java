package dev.muster.coordinator.liveness;

import dev.muster.config.ConfigException;
import dev.muster.config.Setting;
import dev.muster.config.Settings;
import java.time.Duration;

/**
 * The thresholds of liveness.
 *
 * @param suspectAfter silence that makes a worker suspect
 * @param lostAfter silence that makes it lost, once its health port does not answer either
 * @param startWindow how long a worker may take to its first heartbeat
 * @param ownPause a longer gap between two rounds is a pause of the coordinator itself, which proves nothing
 * @param massWindow workers that fall silent within it fall silent together
 * @param longestHold how long a mass silence is held at most
 * @param probeAgain how often a suspect's health port is asked
 */
public record LivenessConfig(
        Duration suspectAfter,
        Duration lostAfter,
        Duration startWindow,
        Duration ownPause,
        Duration massWindow,
        Duration longestHold,
        Duration probeAgain) {

    public LivenessConfig {
        if (lostAfter.compareTo(suspectAfter) <= 0) {
            throw new ConfigException("muster.heartbeat.lost-after is not longer than muster.heartbeat.suspect-after: "
                    + lostAfter + ", " + suspectAfter);
        }
    }

    /**
     * Silence that makes a worker lost which listens but has not spoken yet. Longer, since it still starts: where several
     * start at once on a machine that is busy, a second passes without an answer, and to kill them for it begins the same
     * start anew. The end of its process is seen at once all the same.
     */
    Duration lostUnheardAfter() {
        return lostAfter.multipliedBy(4);
    }

    /** From the settings; what they don't name has a fixed value. */
    public static LivenessConfig of(Settings settings) {
        Duration suspect = settings.duration(Setting.HEARTBEAT_SUSPECT);
        return new LivenessConfig(
                suspect,
                settings.duration(Setting.HEARTBEAT_LOST),
                Duration.ofSeconds(30),
                suspect.dividedBy(2),
                Duration.ofSeconds(1),
                Duration.ofSeconds(10),
                Duration.ofMillis(400));
    }
}
