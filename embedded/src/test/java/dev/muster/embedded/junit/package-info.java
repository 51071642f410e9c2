@NullMarked
package dev.muster.embedded.junit;

import org.jspecify.annotations.NullMarked;
