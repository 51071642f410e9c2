package dev.muster.embedded.sandbox;

import static org.assertj.core.api.Assertions.assertThat;

import dev.muster.embedded.sandbox.IdempotencyStore.Claim;
import org.junit.jupiter.api.Test;

class IdempotencyStoreTest {
    private final IdempotencyStore store = new IdempotencyStore();

    @Test
    void a_key_in_flight_is_in_use_until_it_is_released() {
        assertThat(store.claim("k", "a")).isEqualTo(new Claim.Mine());
        assertThat(store.claim("k", "a")).isEqualTo(new Claim.InUse());
        assertThat(store.claim("k", "b")).isEqualTo(new Claim.OtherParameters());

        store.release("k");

        assertThat(store.claim("k", "b")).isEqualTo(new Claim.Mine());
    }

    @Test
    void a_stored_answer_outlives_the_release() {
        Answer answer = new Answer(402, "{}");
        assertThat(store.claim("k", "a")).isEqualTo(new Claim.Mine());

        store.store(new Entry.Stored("k", "a", answer));
        store.release("k");

        assertThat(store.claim("k", "a")).isEqualTo(new Claim.Replay(answer));
        assertThat(store.claim("k", "b")).isEqualTo(new Claim.OtherParameters());
    }
}
