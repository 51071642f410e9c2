package dev.muster.local.trial;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class ZipfTest {
    @Test
    void the_second_comes_half_as_often_as_the_first() {
        int[] counts = counts(new Zipf(1_000, 1.0));

        assertThat(counts[0] / (double) counts[1]).isCloseTo(2, within(0.2));
        assertThat(counts[0] / 100_000.0).isCloseTo(1 / 7.485, within(0.01));
    }

    @Test
    void with_exponent_0_all_come_alike() {
        for (int count : counts(new Zipf(10, 0))) {
            assertThat(count).isBetween(9_000, 11_000);
        }
    }

    private static int[] counts(Zipf zipf) {
        SplittableRandom random = new SplittableRandom(5);
        int[] counts = new int[1_000];
        for (int i = 0; i < 100_000; i++) {
            counts[zipf.at(random.nextDouble())]++;
        }
        return java.util.Arrays.stream(counts).filter(count -> count > 0).toArray();
    }
}
