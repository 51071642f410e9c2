/** Pages of documentation that are written by code, and the tests that keep them true. */
@NullMarked
package dev.muster.docs;

import org.jspecify.annotations.NullMarked;
