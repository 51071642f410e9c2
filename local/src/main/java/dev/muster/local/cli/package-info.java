/** One class per subcommand: parses its options, calls what does the work, prints what people or scripts want to read. */
@NullMarked
package dev.muster.local.cli;

import org.jspecify.annotations.NullMarked;
