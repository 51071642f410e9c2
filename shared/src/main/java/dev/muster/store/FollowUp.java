package dev.muster.store;

import dev.muster.protocol.Submission;

/** A job that is submitted with the outcome of another one, or not at all. */
public record FollowUp(String queue, Submission submission) {}
