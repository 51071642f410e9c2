@NullMarked
package dev.muster.local.cli;

import org.jspecify.annotations.NullMarked;
