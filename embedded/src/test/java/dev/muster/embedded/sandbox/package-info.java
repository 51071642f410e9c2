@NullMarked
package dev.muster.embedded.sandbox;

import org.jspecify.annotations.NullMarked;
