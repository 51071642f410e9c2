package dev.muster.supervision.runtime;

import dev.muster.supervision.ChildSpec;

/** A child: what its supervisor goes by, and how it is started. */
public record ChildDefinition(ChildSpec spec, ChildStart start) {}
