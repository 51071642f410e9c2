/** What may be taken in and what it is: the worker's queues, how many records are wanted, and what a record says. */
@NullMarked
package dev.muster.worker.intake;

import org.jspecify.annotations.NullMarked;
