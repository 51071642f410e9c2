package dev.muster.embedded.junit;

/** The broker all test classes of a JVM share; each uses topics and groups of its own name. */
public record KafkaCluster(String bootstrapServers) {}
