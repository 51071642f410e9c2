@NullMarked
package dev.muster.local.trial;

import org.jspecify.annotations.NullMarked;
