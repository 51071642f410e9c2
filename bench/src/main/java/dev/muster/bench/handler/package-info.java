/** The handlers whose jobs are measured: a user's jar, as far as a worker can tell. Knows the handlers' API alone. */
@NullMarked
package dev.muster.bench.handler;

import org.jspecify.annotations.NullMarked;
