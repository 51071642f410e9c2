@NullMarked
package dev.muster.embedded.wire;

import org.jspecify.annotations.NullMarked;
