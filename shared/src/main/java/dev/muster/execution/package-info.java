/**
 * What a run of a job is apart from its thread: the payload that its handler gets, what the handler says of itself, and
 * what the run comes to. Workers and handlers' tests share it, so that both do the same. Pure but for the code of
 * handlers: imports {@code job}, {@code protocol} and the records of {@code store}.
 */
@NullMarked
package dev.muster.execution;

import org.jspecify.annotations.NullMarked;
