/**
 * Postgres, where the truth is: migrations, and per subject a {@code *Sql} class with the statements and a
 * {@code *Store} that runs them. No SQL stands anywhere else. A store's statements are each one autocommit call; where
 * several rows must change together, that is one statement or a function in the migrations, so that no lock ever waits
 * for a client. Imports {@link dev.muster.job}, {@link dev.muster.fleet}, {@link dev.muster.schedule},
 * {@link dev.muster.config}, {@link dev.muster.explain}, the events of {@link dev.muster.supervision}, {@link dev.muster.time}, the JSON, the
 * submissions and the stored records of {@link dev.muster.protocol}, Jackson, JDBC, HikariCP with its meters, Flyway and
 * SLF4J.
 */
@NullMarked
package dev.muster.store;

import org.jspecify.annotations.NullMarked;
