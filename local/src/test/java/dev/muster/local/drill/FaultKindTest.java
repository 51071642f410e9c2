package dev.muster.local.drill;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.EnumSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class FaultKindTest {
    @Test
    void all_means_each_of_them() {
        assertThat(FaultKind.parse("all")).containsExactlyElementsOf(EnumSet.allOf(FaultKind.class));
        assertThat(FaultKind.parse("sigstop,kill9")).containsExactly(FaultKind.KILL9, FaultKind.SIGSTOP);
    }

    @Test
    void an_unknown_one_is_refused_with_those_there_are() {
        assertThatThrownBy(() -> FaultKind.parse("kill9,earthquake"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("earthquake")
                .hasMessageContaining("kill9, exit, sigstop");
    }

    @ParameterizedTest
    @EnumSource
    void what_is_bounded_is_measured(FaultKind kind) {
        assertThat(kind.figures())
                .containsAll(kind.bounds().stream().map(Bound::figure).toList());
        assertThat(kind.ways()).isNotEmpty();
    }
}
