package dev.muster.protocol;

import dev.muster.fleet.Heartbeat;
import dev.muster.fleet.Incarnation;
import java.util.Map;
import java.util.Optional;
import tools.jackson.core.JacksonException;

/** Heartbeats as JSON. */
public final class HeartbeatCodec {
    private HeartbeatCodec() {}

    public static byte[] encode(Heartbeat heartbeat) {
        return Json.MAPPER.writeValueAsBytes(Wire.of(heartbeat));
    }

    /** Empty when the bytes are no heartbeat; anybody may write to a topic. */
    public static Optional<Heartbeat> decode(byte[] bytes) {
        try {
            return Optional.of(Json.MAPPER.readValue(bytes, Wire.class).toHeartbeat());
        } catch (JacksonException | IllegalArgumentException e) {
            return Optional.empty();
        }
    }

    private record Wire(
            String incarnation,
            long sequence,
            String pool,
            Heartbeat.Phase phase,
            String host,
            long pid,
            int healthPort,
            int slots,
            int running,
            Heartbeat.Counters counters,
            Map<String, String> circuits) {

        static Wire of(Heartbeat h) {
            return new Wire(
                    h.incarnation().id(),
                    h.sequence(),
                    h.pool(),
                    h.phase(),
                    h.host(),
                    h.pid(),
                    h.healthPort(),
                    h.slots(),
                    h.running(),
                    h.counters(),
                    h.circuits());
        }

        Heartbeat toHeartbeat() {
            return new Heartbeat(
                    new Incarnation(incarnation),
                    sequence,
                    pool,
                    phase,
                    host,
                    pid,
                    healthPort,
                    slots,
                    running,
                    counters,
                    circuits);
        }
    }
}
