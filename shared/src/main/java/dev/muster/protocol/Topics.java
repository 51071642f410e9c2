package dev.muster.protocol;

/** The names of Muster's topics and consumer groups. */
public final class Topics {
    /** Workers to coordinators, every 250 ms. */
    public static final String HEARTBEATS = "muster.heartbeats";
    /** Coordinator to workers. */
    public static final String COMMANDS = "muster.commands";
    /** The life of jobs and the fleet's incidents, for anyone. */
    public static final String EVENTS = "muster.events";
    /** Dead jobs and records that never were jobs, byte for byte. */
    public static final String DEAD_LETTERS = "muster.dead-letters";
    /** What the relay has counted of the events it has told, per queue and second; coordinator to coordinator. */
    public static final String TALLIES = "muster.tallies";
    /** Windowed statistics, for dashboards. */
    public static final String STATS = "muster.stats";

    private static final String JOBS_PREFIX = "muster.jobs.";

    private Topics() {}

    /** Where the submissions of a queue go. */
    public static String jobs(String queue) {
        return JOBS_PREFIX + queue;
    }

    /**
     * The queue of a topic that {@link #jobs} has named.
     *
     * @throws IllegalArgumentException if the topic is not one of submissions
     */
    public static String queueOf(String topic) {
        if (!topic.startsWith(JOBS_PREFIX)) {
            throw new IllegalArgumentException("not a topic of submissions: " + topic);
        }
        return topic.substring(JOBS_PREFIX.length());
    }

    /** The consumer group of a worker pool. */
    public static String group(String pool) {
        return "muster." + pool;
    }
}
