package dev.muster.embedded;

import java.io.IOException;
import java.io.PrintStream;
import java.io.Reader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Properties;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.metadata.storage.Formatter;

/**
 * The child JVM of {@link KafkaServer}: formats the log folder when it is new and becomes the broker, in one JVM so that
 * the first start costs no second one.
 */
final class KafkaBroker {
    private KafkaBroker() {}

    /** Takes one argument, the path of the broker's properties. Ends when the broker does. */
    public static void main(String[] args) throws Exception {
        Properties properties = read(Path.of(args[0]));
        // Formatting again would ask for another cluster id than the one the data belong to.
        if (!Files.exists(Path.of(properties.getProperty("log.dirs"), "meta.properties"))) {
            format(properties);
        }
        kafka.Kafka.main(new String[] {args[0]});
    }

    private static void format(Properties properties) throws Exception {
        Formatter formatter = new Formatter();
        formatter.setClusterId(Uuid.randomUuid().toString());
        formatter.setNodeId(Integer.parseInt(properties.getProperty("node.id")));
        formatter.setControllerListenerName(properties.getProperty("controller.listener.names"));
        formatter.setDirectories(List.of(properties.getProperty("log.dirs")));
        formatter.setMetadataLogDirectory(properties.getProperty("log.dirs"));
        formatter.setPrintStream(new PrintStream(System.out, true, StandardCharsets.UTF_8));
        formatter.run();
    }

    private static Properties read(Path file) throws IOException {
        Properties properties = new Properties();
        try (Reader reader = Files.newBufferedReader(file)) {
            properties.load(reader);
        }
        return properties;
    }
}
