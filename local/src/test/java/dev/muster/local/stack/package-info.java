@NullMarked
package dev.muster.local.stack;

import org.jspecify.annotations.NullMarked;
