/** Guards over all modules: what the compiler can't see and a review forgets. They read class files and sources. */
@NullMarked
package dev.muster.guard;

import org.jspecify.annotations.NullMarked;
