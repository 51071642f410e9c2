package dev.muster.local.stack;

import dev.muster.config.Setting;
import dev.muster.config.Settings;
import dev.muster.job.Ordering;
import dev.muster.job.Queue;
import dev.muster.store.QueueStore;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * What a local stack is made of.
 *
 * @param dataFolder where everything it keeps is
 * @param settings what is configured; where servers are is filled in as they start
 * @param workers how many, 0 to 1000
 * @param queues made where they are missing
 * @param ports where its servers listen
 * @param further what most stacks do without
 */
public record StackConfig(
        Path dataFolder, Settings settings, int workers, List<Queue> queues, Ports ports, Further further) {
    /** Payments in any order. */
    public static final String PAYMENTS = "payments";
    /** Payments in order per key. */
    public static final String PAYMENTS_ORDERED = "payments-ordered";

    public StackConfig {
        dataFolder = dataFolder.toAbsolutePath().normalize();
        queues = List.copyOf(queues);
        if (workers < 0 || workers > 1000) {
            throw new IllegalArgumentException("workers is not between 0 and 1000: " + workers);
        }
    }

    /** With one coordinator, and workers that all reach everything. */
    public StackConfig(Path dataFolder, Settings settings, int workers, List<Queue> queues, Ports ports) {
        this(dataFolder, settings, workers, queues, ports, new Further(1, Optional.empty()));
    }

    /**
     * What most stacks do without.
     *
     * @param coordinators how many, 1 to 9; one of them leads
     * @param outpost its first worker goes over wires that can be cut
     */
    public record Further(int coordinators, Optional<Outpost.Reach> outpost) {
        public Further {
            if (coordinators < 1 || coordinators > 9) {
                throw new IllegalArgumentException("coordinators is not between 1 and 9: " + coordinators);
            }
        }
    }

    /** The same with other settings. */
    public StackConfig with(Setting setting, String value) {
        return new StackConfig(dataFolder, settings.with(setting, value), workers, queues, ports, further);
    }

    /** The same with so many coordinators. */
    public StackConfig withCoordinators(int count) {
        return new StackConfig(dataFolder, settings, workers, queues, ports, new Further(count, further.outpost()));
    }

    /** The same with its first worker behind wires that can be cut. */
    public StackConfig withOutpost(Outpost.Reach reach) {
        return new StackConfig(
                dataFolder, settings, workers, queues, ports, new Further(further.coordinators(), Optional.of(reach)));
    }

    /** Ports on 127.0.0.1; 0: the one of the last run, or any free one. The API's is in the settings. */
    public record Ports(int kafka, int postgres, int sandbox) {
        public static final Ports ANY = new Ports(0, 0, 0);
    }

    /**
     * Enough for a dozen workers, and a quarter of what a queue gets by default: each partition is looked at by its lane, its
     * client and its broker, which share one machine here.
     */
    private static final int PARTITIONS = 12;

    /** The queues that every new stack has. */
    public static List<Queue> defaultQueues() {
        return List.of(queue(PAYMENTS, Ordering.NONE), queue(PAYMENTS_ORDERED, Ordering.KEY));
    }

    private static Queue queue(String name, Ordering ordering) {
        return new Queue(
                name, ordering, "default", PARTITIONS, Optional.of(QueueStore.DEFAULT_DUPLICATE_WINDOW), false);
    }
}
