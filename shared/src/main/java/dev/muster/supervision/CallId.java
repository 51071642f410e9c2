package dev.muster.supervision;

/** Connects a call with its reply; chosen by the caller's side, unique among the calls that wait. */
public record CallId(long number) {}
