package dev.muster.local.submit;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.muster.protocol.Submission;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SubmissionLineTest {
    private static final SubmissionLine.Defaults DEFAULTS =
            new SubmissionLine.Defaults("here", Optional.of("payment.charge"), 100);

    @Test
    void a_full_line_says_everything() {
        Submission submission = good("""
                {"id":"7","source":"shop","type":"mail.send","key":"c1","data":{"a":1},
                 "runat":"2026-12-01T00:00:00Z","deadline":"2026-12-02T00:00:00Z","maxattempts":3}""");

        assertThat(submission.source()).isEqualTo("shop");
        assertThat(submission.id()).isEqualTo("7");
        assertThat(submission.type()).isEqualTo("mail.send");
        assertThat(submission.key()).contains("c1");
        assertThat(new String(submission.data(), UTF_8)).isEqualTo("{\"a\":1}");
        assertThat(submission.extensions())
                .isEqualTo(Map.of(
                        "musterrunat", "2026-12-01T00:00:00Z",
                        "musterdeadline", "2026-12-02T00:00:00Z",
                        "mustermaxattempts", "3"));
    }

    @Test
    void what_a_line_leaves_out_comes_from_the_defaults() {
        Submission submission = good("{\"data\":null}");

        assertThat(submission.source()).isEqualTo("here");
        assertThat(submission.type()).isEqualTo("payment.charge");
        assertThat(submission.key()).isEmpty();
        assertThat(submission.id()).isNotEmpty();
        assertThat(new String(submission.data(), UTF_8)).isEqualTo("null");
    }

    @Test
    void a_number_as_an_id_is_its_digits() {
        assertThat(good("{\"id\":7,\"data\":1}").id()).isEqualTo("7");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '\'', textBlock = """
            {                                          | no JSON
            [1]                                        | not a JSON object
            7                                          | not a JSON object
            {"data":1,"runAt":"x"}                     | unknown field "runAt"
            {"id":"1"}                                 | no "data"
            {"data":1,"id":{}}                         | "id" is not a plain value
            {"data":1,"id":""}                         | not empty strings
            {"data":1,"runat":"tomorrow"}              | no RFC 3339 time
            {"data":1,"maxattempts":0}                 | not between 1 and 1000
            {"data":1,"type":"white space"}            | letters, digits
            {"data":1} {"data":2}                      | no JSON
            """)
    void a_bad_line_says_why(String line, String problem) {
        assertThat(SubmissionLine.parse(line, DEFAULTS))
                .isInstanceOfSatisfying(
                        SubmissionLine.Parsed.Bad.class,
                        bad -> assertThat(bad.problem()).contains(problem));
    }

    @Test
    void a_line_without_a_type_is_refused_where_none_was_given() {
        assertThat(SubmissionLine.parse("{\"data\":1}", new SubmissionLine.Defaults("here", Optional.empty(), 100)))
                .isEqualTo(new SubmissionLine.Parsed.Bad("no \"type\", and none was given on the command line"));
    }

    @Test
    void data_beyond_the_limit_are_refused() {
        assertThat(SubmissionLine.parse("{\"data\":\"" + "x".repeat(100) + "\"}", DEFAULTS))
                .isEqualTo(new SubmissionLine.Parsed.Bad("its data are 102 bytes, more than 100"));
    }

    private static Submission good(String line) {
        return ((SubmissionLine.Parsed.Good) SubmissionLine.parse(line, DEFAULTS)).submission();
    }
}
