/**
 * What every trial of a local stack needs, the demo's and the drill's: payments at a steady rate, the evidence of three
 * witnesses, and an audit of it. What judges and counts is pure.
 */
@NullMarked
package dev.muster.local.trial;

import org.jspecify.annotations.NullMarked;
