package dev.muster.store;

/**
 * A partition as its owner names it in every statement: guard (a) of the ownership protocol.
 *
 * @param epoch the group's member epoch at which it was assigned
 */
public record PartitionEpoch(String queue, int partition, int epoch) {}
