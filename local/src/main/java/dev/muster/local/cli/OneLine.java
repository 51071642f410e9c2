package dev.muster.local.cli;

import dev.muster.config.ConfigException;
import dev.muster.embedded.EmbeddedServerException;
import dev.muster.local.CommandException;
import dev.muster.local.stack.StackException;
import dev.muster.store.StoreException;
import org.apache.kafka.common.KafkaException;

/** What an error says to the user of a command. */
final class OneLine {
    private OneLine() {}

    /** Our own errors say all that is needed; of others the kind is part of the message. */
    static String of(Throwable e) {
        return switch (e) {
            case StackException _ -> String.valueOf(e.getMessage()); // it may end with the end of a server's log
            case CommandException _, ConfigException _, EmbeddedServerException _, StoreException _, KafkaException _ ->
                message(e);
            case IllegalArgumentException _ -> message(e);
            default -> e.getClass().getSimpleName() + ": " + message(e) + "; run it again with --debug for more";
        };
    }

    private static String message(Throwable e) {
        String message = e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
        return message.lines().findFirst().orElse(message);
    }
}
