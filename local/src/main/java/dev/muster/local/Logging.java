package dev.muster.local;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.encoder.PatternLayoutEncoder;
import ch.qos.logback.classic.spi.Configurator;
import ch.qos.logback.classic.spi.ConfiguratorRank;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.ConsoleAppender;
import ch.qos.logback.core.spi.ContextAwareBase;
import java.util.Locale;
import org.slf4j.Logger;

/**
 * What is logged, all of it to standard error: a command's own words go to standard output; this is what the libraries
 * and the long-running parts have to say. In code and not in XML, whose parser costs a worker's start a tenth of a second
 * of processor time. {@code -Dlogback.configurationFile=FILE} takes its place.
 */
@ConfiguratorRank(ConfiguratorRank.CUSTOM_NORMAL_PRIORITY)
public final class Logging extends ContextAwareBase implements Configurator {
    private static final String FROM = "muster.log";
    private static final String TRACE = "muster.trace";

    /** Who is logging. */
    enum Who {
        /** A command that ends soon: only what went wrong. */
        COMMAND,
        /** A process whose log is its only output. */
        DAEMON
    }

    /** Logback makes it, by way of the service loader. */
    public Logging() {}

    /** Says what {@link #configure} will do when the first logger is made; what the user has set stands. */
    static void prepare(Who who, boolean fullTraces) {
        if (System.getProperty(FROM) == null) {
            System.setProperty(FROM, who == Who.DAEMON ? "INFO" : "WARN");
        }
        if (fullTraces) {
            System.setProperty(TRACE, "full");
        }
    }

    @Override
    public ExecutionStatus configure(LoggerContext context) {
        if (System.getProperty("logback.configurationFile") != null) {
            return ExecutionStatus.INVOKE_NEXT_IF_ANY;
        }
        PatternLayoutEncoder encoder = new PatternLayoutEncoder();
        encoder.setContext(context);
        encoder.setPattern("%d{yyyy-MM-dd'T'HH:mm:ss.SSSXXX, UTC} %-5level %logger{0} %msg %kvp%n%ex{"
                + System.getProperty(TRACE, "short") + "}");
        encoder.start();
        ConsoleAppender<ILoggingEvent> console = new ConsoleAppender<>();
        console.setContext(context);
        console.setTarget("System.err");
        console.setEncoder(encoder);
        console.start();
        context.getLogger(Logger.ROOT_LOGGER_NAME).addAppender(console);
        context.getLogger(Logger.ROOT_LOGGER_NAME).setLevel(Level.WARN);
        context.getLogger("dev.muster")
                .setLevel(Level.toLevel(System.getProperty(FROM, "WARN").toUpperCase(Locale.ROOT), Level.WARN));
        // Each unanswered connection attempt would be a line; who waits for Kafka says so itself, once.
        context.getLogger("org.apache.kafka").setLevel(Level.ERROR);
        context.getLogger("com.zaxxer.hikari").setLevel(Level.ERROR);
        return ExecutionStatus.DO_NOT_INVOKE_NEXT_IF_ANY;
    }
}
