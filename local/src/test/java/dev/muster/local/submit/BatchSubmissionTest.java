package dev.muster.local.submit;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.StringReader;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class BatchSubmissionTest {
    private final BatchSubmission batch =
            new BatchSubmission(new SubmissionLine.Defaults("here", Optional.of("t"), 1000));

    @Test
    void good_lines_are_handed_over_with_their_number_and_empty_ones_skipped() {
        List<String> seen = read("{\"id\":\"a\",\"data\":1}\n\n{\"id\":\"b\",\"data\":2}\n");

        assertThat(seen).containsExactly("1 a", "3 b");
        assertThat(batch.isClean()).isTrue();
    }

    @Test
    void a_bad_line_is_named_by_its_number() {
        List<String> seen = read("{\"id\":\"a\",\"data\":1}\nnonsense\n");

        assertThat(seen).containsExactly("1 a");
        assertThat(batch.problems()).singleElement().asString().startsWith("line 2: no JSON");
    }

    @Test
    void of_many_bad_lines_the_first_are_named_and_the_rest_counted() {
        read("x\n".repeat(30));

        assertThat(batch.problems()).hasSize(21).endsWith("… and 10 more");
    }

    /** Lines are parsed on several threads; their order is what the order of keys goes by. */
    @Test
    void many_lines_keep_their_order_and_numbers() {
        StringBuilder lines = new StringBuilder();
        for (int i = 1; i <= 5_000; i++) {
            lines.append("{\"id\":\"").append(i).append("\",\"data\":1}\n");
        }

        List<String> seen = read(lines.toString());

        assertThat(seen).hasSize(5_000);
        for (int i = 1; i <= 5_000; i++) {
            assertThat(seen.get(i - 1)).isEqualTo(i + " " + i);
        }
    }

    private List<String> read(String lines) {
        List<String> seen = new ArrayList<>();
        batch.read(
                new BufferedReader(new StringReader(lines)),
                (number, submission) -> seen.add(number + " " + submission.id()));
        return seen;
    }
}
