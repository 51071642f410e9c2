package dev.muster.guard;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class JavaSourceTest {

    @Test
    void code_keeps_its_place_while_comments_and_literals_are_blanked() {
        JavaSource source = JavaSource.of("x/A.java", "a(\"b // c\"); // d \"e\"\nchar f = '\"'; /* g */ h();");

        assertThat(source.code().strip()).startsWith("a(").endsWith("h();").doesNotContain("b", "d", "e", "g");
        assertThat(source.code()).hasSameSizeAs(source.text());
        assertThat(source.strings()).extracting(JavaSource.Piece::text).containsExactly("b // c");
        assertThat(source.comments()).extracting(JavaSource.Piece::text).containsExactly("// d \"e\"", "/* g */");
    }

    @Test
    void text_blocks_and_escapes_end_where_they_end() {
        String block = "\"\"\"\n  SELECT \"x\"\n  \"\"\"";
        JavaSource source = JavaSource.of("x/A.java", "s = " + block + "; t = \"\\\"u\\\\\"; v();");

        assertThat(source.strings())
                .extracting(JavaSource.Piece::text)
                .containsExactly("\n  SELECT \"x\"\n  ", "\\\"u\\\\");
        assertThat(source.code()).endsWith("; v();");
    }

    @Test
    void lines_count_from_one() {
        JavaSource source = JavaSource.of("x/A.java", "a\nbc\nd\n");

        assertThat(source.line(0)).isEqualTo(1);
        assertThat(source.line(2)).isEqualTo(2);
        assertThat(source.line(5)).isEqualTo(3);
        assertThat(source.lines()).isEqualTo(3);
    }
}
