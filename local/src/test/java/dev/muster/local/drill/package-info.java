@NullMarked
package dev.muster.local.drill;

import org.jspecify.annotations.NullMarked;
