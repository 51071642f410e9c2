package com.example.webhook;

import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;

final class HttpPost implements WebhookHandler.Post {
    private final HttpClient client = HttpClient.newHttpClient();

    @Override
    public int send(WebhookHandler.Delivery delivery, String idempotencyKey) throws Exception {
        HttpRequest request = HttpRequest.newBuilder(delivery.url())
                .timeout(Duration.ofSeconds(10))
                .header("Content-Type", "application/json")
                .header("Idempotency-Key", idempotencyKey)
                .POST(BodyPublishers.ofString(delivery.body()))
                .build();
        return client.send(request, BodyHandlers.discarding()).statusCode();
    }
}
