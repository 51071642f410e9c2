package dev.muster.worker.execution;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

final class DivisionTest {

    @Test
    void free_slots_are_divided_by_weight() {
        assertThat(Division.of(12, List.of(queue("a", 1, 0, 100), queue("b", 3, 0, 100))))
                .containsEntry("a", 3)
                .containsEntry("b", 9);
    }

    @Test
    void what_one_does_not_need_the_others_get() {
        assertThat(Division.of(10, List.of(queue("a", 1, 0, 100), queue("b", 9, 0, 2))))
                .containsEntry("a", 8)
                .containsEntry("b", 2);
        assertThat(Division.of(10, List.of(queue("a", 1, 0, 4)))).containsEntry("a", 4);
        assertThat(Division.of(10, List.of())).isEmpty();
    }

    @Test
    void slots_that_a_queue_has_already_count() {
        assertThat(Division.of(4, List.of(queue("a", 1, 8, 100), queue("b", 1, 4, 100))))
                .containsExactly(Map.entry("b", 4));
    }

    @Test
    void whoever_has_nothing_running_comes_first_however_light_it_is() {
        assertThat(Division.of(1, List.of(queue("heavy", 1000, 3, 100), queue("light", 1, 0, 100))))
                .containsExactly(Map.entry("light", 1));
    }

    /** Whatever the weights and how long jobs take: nothing idles while there is work, and everybody with work runs. */
    @Test
    void no_slot_idles_and_nobody_starves() {
        SplittableRandom random = new SplittableRandom(11);
        for (int round = 0; round < 500; round++) {
            List<Division.Claimant> claimants = new ArrayList<>();
            int ready = 0;
            int queues = random.nextInt(1, 6);
            for (int i = 0; i < queues; i++) {
                Division.Claimant claimant =
                        queue("q" + i, random.nextInt(1, 100), random.nextInt(0, 5), random.nextInt(0, 20));
                claimants.add(claimant);
                ready += claimant.ready();
            }
            int free = random.nextInt(0, 30);

            Map<String, Integer> granted = Division.of(free, claimants);

            assertThat(granted.values().stream().mapToInt(Integer::intValue).sum())
                    .isEqualTo(Math.min(free, ready));
            long hungry = claimants.stream()
                    .filter(c -> c.ready() > 0 && c.hasNothing())
                    .count();
            long fed = claimants.stream()
                    .filter(c -> c.hasNothing() && granted.containsKey(c.queue()))
                    .count();
            assertThat(fed).isEqualTo(Math.min(free, hungry));
            claimants.forEach(
                    c -> assertThat(granted.getOrDefault(c.queue(), 0)).isLessThanOrEqualTo(c.ready()));
        }
    }

    /** One slot, three queues with work without end: over time each gets it as often as its weight says. */
    @Test
    void one_slot_goes_around_by_weight() {
        Shares shares =
                new Shares(new Slots(1), queue -> Map.of("a", 1, "b", 2, "c", 5).getOrDefault(queue, 1));
        Map<String, Integer> could = Map.of("a", 100, "b", 100, "c", 100);
        Map<String, Integer> got = new HashMap<>();
        for (int i = 0; i < 80; i++) {
            shares.take(NOBODY, could, 10).forEach((queue, count) -> {
                got.merge(queue, count, Integer::sum);
                shares.release(queue, count);
            });
        }

        assertThat(got.get("a")).isBetween(9, 11);
        assertThat(got.get("b")).isBetween(19, 21);
        assertThat(got.get("c")).isBetween(49, 51);
    }

    /** The flood is in one lane, the other queue's jobs are in another one, which is told. */
    @Test
    void a_slot_that_is_another_queues_is_left_to_it_wherever_its_jobs_are() {
        Shares shares = new Shares(new Slots(4), queue -> queue.equals("heavy") ? 3 : 1);
        assertThat(shares.take(NOBODY, Map.of("flood", 100), 10)).containsExactly(Map.entry("flood", 4));
        List<String> told = new ArrayList<>();
        Shares.Claimer other = () -> told.add("heavy");
        assertThat(shares.take(other, Map.of("heavy", 100), 10)).isEmpty();

        shares.release("flood", 1);
        assertThat(shares.take(NOBODY, Map.of("flood", 100), 10)).isEmpty();
        assertThat(told).containsExactly("heavy");
        assertThat(shares.take(other, Map.of("heavy", 100), 10)).containsExactly(Map.entry("heavy", 1));

        shares.hasNoMore(other, "heavy");
        shares.release("flood", 1);
        assertThat(shares.take(NOBODY, Map.of("flood", 100), 10))
                .as("nothing idles when the other has nothing more")
                .containsExactly(Map.entry("flood", 1));
    }

    private static final Shares.Claimer NOBODY = () -> {};

    private static Division.Claimant queue(String name, int weight, int running, int ready) {
        return new Division.Claimant(name, weight, running, ready, 0);
    }
}
