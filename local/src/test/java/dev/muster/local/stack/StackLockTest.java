package dev.muster.local.stack;

import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatNoException;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StackLockTest {
    @Test
    void a_second_stack_on_the_folder_is_refused_and_told_who_has_it(@TempDir Path folder) {
        try (StackLock _ = StackLock.take(folder)) {
            assertThatExceptionOfType(StackException.class)
                    .isThrownBy(() -> StackLock.take(folder))
                    .withMessageContaining("process " + ProcessHandle.current().pid());
        }
    }

    @Test
    void a_folder_given_back_can_be_taken_again(@TempDir Path folder) {
        StackLock.take(folder).close();

        assertThatNoException().isThrownBy(() -> StackLock.take(folder).close());
    }
}
