package dev.muster.protocol;

import dev.muster.fleet.Incarnation;
import dev.muster.job.JobId;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;

/** Commands as records of {@link Topics#COMMANDS}: JSON such as {@code {"command":"fenced","incarnation":"worker-7.42"}}. */
public final class CommandCodec {
    private CommandCodec() {}

    /** The record that carries a command; its key is the incarnation or the job that the command is about, if it is about one. */
    public static ProducerRecord<byte[], byte[]> record(Command command) {
        String about = switch (command) {
            case Command.Fenced(Incarnation incarnation) -> incarnation.id();
            case Command.Stop(Incarnation incarnation) -> incarnation.id();
            case Command.Drain(Incarnation incarnation) -> incarnation.id();
            case Command.Cancel(JobId job) -> job.toString();
            case Command.Scan() -> null;
        };
        byte[] key = about == null ? null : about.getBytes(StandardCharsets.UTF_8);
        return new ProducerRecord<>(Topics.COMMANDS, null, key, encode(command));
    }

    public static byte[] encode(Command command) {
        Map<String, String> wire = switch (command) {
            case Command.Fenced(Incarnation incarnation) -> about("fenced", incarnation);
            case Command.Stop(Incarnation incarnation) -> about("stop", incarnation);
            case Command.Drain(Incarnation incarnation) -> about("drain", incarnation);
            case Command.Cancel(JobId job) -> Map.of("command", "cancel", "job", job.toString());
            case Command.Scan() -> Map.of("command", "scan");
        };
        return Json.MAPPER.writeValueAsBytes(wire);
    }

    /** Empty when the bytes are no command that this version knows; a later one may send others. */
    public static Optional<Command> decode(byte @Nullable [] bytes) {
        if (bytes == null) {
            return Optional.empty();
        }
        try {
            JsonNode wire = Json.MAPPER.readTree(bytes);
            String incarnation = wire.path("incarnation").stringValue("");
            return switch (wire.path("command").stringValue("")) {
                case "fenced" -> Optional.of(new Command.Fenced(new Incarnation(incarnation)));
                case "stop" -> Optional.of(new Command.Stop(new Incarnation(incarnation)));
                case "drain" -> Optional.of(new Command.Drain(new Incarnation(incarnation)));
                case "cancel" ->
                    Optional.of(new Command.Cancel(JobId.parse(wire.path("job").stringValue(""))));
                case "scan" -> Optional.of(new Command.Scan());
                default -> Optional.empty();
            };
        } catch (JacksonException | IllegalArgumentException e) {
            return Optional.empty();
        }
    }

    private static Map<String, String> about(String command, Incarnation incarnation) {
        return Map.of("command", command, "incarnation", incarnation.id());
    }
}
