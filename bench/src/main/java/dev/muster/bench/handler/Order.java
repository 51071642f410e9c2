package dev.muster.bench.handler;

/**
 * The payload of a measured job: 200 bytes of JSON, as a small order has.
 *
 * @param number which of the run's jobs it is
 * @param note fills the payload up
 */
public record Order(long number, String customer, long amount, String currency, String note) {}
