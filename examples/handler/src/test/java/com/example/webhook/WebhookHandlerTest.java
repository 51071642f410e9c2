package com.example.webhook;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.muster.job.JobHandler;
import dev.muster.job.JobState;
import dev.muster.testing.HandlerTestKit;
import dev.muster.testing.TestedJob;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.ServiceLoader;
import java.util.Set;
import org.junit.jupiter.api.Test;

class WebhookHandlerTest {
    private static final String JOB = "{\"url\":\"http://shop.example/hook\",\"body\":\"{}\"}";

    /** A receiver that knows a repetition by its key. */
    private static final class Receiver implements WebhookHandler.Post {
        final List<Integer> refusals = new ArrayList<>();
        final Set<String> delivered = new HashSet<>();
        int requests;

        @Override
        public int send(WebhookHandler.Delivery delivery, String idempotencyKey) {
            requests++;
            if (!refusals.isEmpty()) {
                return refusals.removeFirst();
            }
            delivered.add(idempotencyKey);
            return 200;
        }
    }

    private final Receiver receiver = new Receiver();
    private final HandlerTestKit<WebhookHandler.Delivery> kit = HandlerTestKit.of(() -> new WebhookHandler(receiver));

    @Test
    void a_worker_that_dies_after_the_post_delivers_it_once() {
        TestedJob job = kit.crashAfterCall("post").run(JOB);

        assertEquals(JobState.SUCCEEDED, job.state());
        assertEquals(2, receiver.requests);
        assertEquals(1, receiver.delivered.size());
    }

    @Test
    void a_receiver_that_is_down_gets_it_later() {
        receiver.refusals.addAll(List.of(503, 500, 429));

        TestedJob job = kit.run(JOB);

        assertEquals("HTTP 200", job.result());
        assertEquals(4, job.runs().size());
        assertEquals(Set.of("muster:" + job.id() + ":post:1"), job.keys("post"));
    }

    @Test
    void a_refusal_is_an_answer() {
        receiver.refusals.add(404);

        assertEquals(JobState.DECLINED, kit.run(JOB).state());
    }

    @Test
    void a_payload_without_a_url_is_dead_at_once() {
        TestedJob job = kit.run("{\"body\":\"{}\"}");

        assertEquals(JobState.DEAD, job.state());
        assertEquals(0, receiver.requests);
    }

    @Test
    void a_worker_finds_it() {
        boolean found = ServiceLoader.load(JobHandler.class).stream()
                .anyMatch(provider -> provider.type().equals(WebhookHandler.class));

        assertTrue(found);
    }
}
