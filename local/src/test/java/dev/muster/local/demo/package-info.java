@NullMarked
package dev.muster.local.demo;

import org.jspecify.annotations.NullMarked;
