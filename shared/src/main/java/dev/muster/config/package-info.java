/**
 * Configuration: every key in one list, read from a file, the environment and the command line; unknown keys stop.
 * Imports the JDK only.
 */
@NullMarked
package dev.muster.config;

import org.jspecify.annotations.NullMarked;
