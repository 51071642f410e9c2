package dev.muster.local.drill;

import java.time.Instant;

/**
 * A fault and the time in which its consequences show.
 *
 * @param until the next one, or the end of the load
 */
record Round(Injection injection, Instant until) {}
