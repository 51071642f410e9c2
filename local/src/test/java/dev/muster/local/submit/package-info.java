@NullMarked
package dev.muster.local.submit;

import org.jspecify.annotations.NullMarked;
