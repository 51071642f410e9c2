/**
 * What a job is: its identity, its states and what users write to run it ({@link dev.muster.job.JobHandler}). Pure:
 * imports the JDK only, reads no clock, does no I/O, logs nothing.
 */
@NullMarked
package dev.muster.job;

import org.jspecify.annotations.NullMarked;
