package dev.muster.local.trial;

import java.util.Arrays;

/** Numbers of which the first come most often: the k-th in proportion to 1/k^s. Immutable. */
final class Zipf {
    private final double[] upTo;

    /**
     * A distribution.
     *
     * @param count of numbers, from 1
     * @param exponent s, from 0: all alike
     */
    Zipf(int count, double exponent) {
        this.upTo = new double[count];
        double sum = 0;
        for (int i = 0; i < count; i++) {
            sum += Math.pow(i + 1.0, -exponent);
            upTo[i] = sum;
        }
        for (int i = 0; i < count; i++) {
            upTo[i] /= sum;
        }
    }

    /** The number, from 0, at a uniformly random place from 0 to below 1. */
    int at(double uniform) {
        int found = Arrays.binarySearch(upTo, uniform);
        return Math.min(upTo.length - 1, found >= 0 ? found + 1 : -found - 1);
    }
}
