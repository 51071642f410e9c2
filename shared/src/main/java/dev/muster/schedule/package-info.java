/**
 * When schedules fire: cron expressions in time zones, and what becomes of missed times. Pure: imports the JDK only,
 * reads no clock, does no I/O, logs nothing.
 */
@NullMarked
package dev.muster.schedule;

import org.jspecify.annotations.NullMarked;
