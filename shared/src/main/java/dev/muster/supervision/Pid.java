package dev.muster.supervision;

/**
 * One life of a child. A child that is restarted gets another, and a number is never used twice within a supervisor.
 * Not the operating system's: what a child is made of is not the supervisor's business.
 *
 * @param number from 1, rising with every start that a supervisor has asked for
 */
public record Pid(long number) {}
