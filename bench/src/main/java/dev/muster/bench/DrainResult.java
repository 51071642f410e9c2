package dev.muster.bench;

import java.util.Map;

/**
 * What one run has shown.
 *
 * @param seconds from the begin of the first job to the durable end of the last
 * @param steadyRate jobs a second after the first 3 s; NaN for a run that was too short
 * @param whole what the drain has cost, the start of the worker's JVM included
 * @param steady what it has cost after the first seconds; without WAL
 * @param rested what it has cost until what follows was over too: for Muster, until its events were told
 * @param restSeconds how long that took after the last job
 * @param statements how many of which kind a worker has sent, where it can say
 * @param megabytes the most that was ever resident, by process
 */
record DrainResult(
        String contestant,
        long jobs,
        double seconds,
        double steadyRate,
        Cost whole,
        Cost steady,
        Cost rested,
        double restSeconds,
        Map<String, Long> statements,
        Map<String, Long> megabytes) {

    /**
     * Per job.
     *
     * @param cpu processor seconds for 1,000 jobs, by process
     * @param walBytes bytes of WAL for a job
     * @param othersCores how many processors worked for somebody else on this machine
     */
    record Cost(Map<String, Double> cpu, double walBytes, double othersCores) {
        double total() {
            return cpu.values().stream().mapToDouble(Double::doubleValue).sum();
        }

        double of(String process) {
            return cpu.getOrDefault(process, 0.0);
        }
    }

    double rate() {
        return jobs / seconds;
    }
}
