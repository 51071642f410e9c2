@NullMarked
package dev.muster.local.compose;

import org.jspecify.annotations.NullMarked;
