package dev.muster.bench;

import java.util.Arrays;
import java.util.random.RandomGenerator;

/** Draws from Zipf's law with s = 1: the n-th of the numbers comes 1/n as often as the first. Immutable. */
public final class Zipf {
    private final double[] cumulated;

    public Zipf(int numbers) {
        cumulated = new double[numbers];
        double sum = 0;
        for (int i = 0; i < numbers; i++) {
            sum += 1.0 / (i + 1);
            cumulated[i] = sum;
        }
    }

    /** From 0, the most frequent one. */
    public int next(RandomGenerator random) {
        double at = random.nextDouble() * cumulated[cumulated.length - 1];
        int found = Arrays.binarySearch(cumulated, at);
        return found >= 0 ? found : -found - 1;
    }
}
