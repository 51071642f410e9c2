package dev.muster.bench.trial;

import dev.muster.bench.Load;
import dev.muster.config.Settings;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;

/**
 * One contestant in one run, with a database and a queue of its own. Its methods are called in this order by one thread:
 * {@code prepare}, {@code preload}, {@code standBy}, {@code start}, {@code isDone} until it is, {@code rest},
 * {@code close}.
 */
public interface Trial extends AutoCloseable {

    /** Makes its tables and its topic. */
    void prepare() throws Exception;

    /** Where it works. */
    Settings settings();

    /** The queue that its jobs are submitted to. */
    String queue();

    /** Submits its jobs, before the clock runs. */
    default void preload(Load load, long jobs) throws Exception {
        load.preload(settings(), queue(), jobs);
    }

    /** Starts what has to stand before the clock runs, if there is something. */
    default void standBy() throws Exception {}

    /** Starts what works. */
    void start() throws Exception;

    /** True once so many jobs are its own, done or not: what comes later would not begin with them. */
    default boolean isTaken(long jobs) throws Exception {
        throw new UnsupportedOperationException("takes no jobs before their time");
    }

    /** True once so many jobs are durably done. */
    boolean isDone(long jobs) throws Exception;

    /** Waits until what follows the last job is over too, such as events. False if there is nothing of the kind. */
    default boolean rest() throws Exception {
        return false;
    }

    /** When jobs were done; once it is done. */
    Timeline timeline() throws Exception;

    /** Its living processes, beside Postgres and Kafka, by what they are. */
    Map<String, List<Long>> processes();

    /** How many statements of which kind it needed, where it can say. */
    default Map<String, Long> statements() throws Exception {
        return Map.of();
    }

    @Override
    void close() throws SQLException;
}
