/**
 * The ownership protocol on a test clock: workers with their real lanes and poll loops, coordinators with their real
 * deciders, and models of Kafka's group and of Postgres, all driven from one seed. See docs/simulation.md.
 */
package dev.muster.simulation;
