package com.example.webhook;

import dev.muster.job.JobContext;
import dev.muster.job.JobHandler;
import dev.muster.job.JobResult;
import dev.muster.job.NothingDoneException;
import java.io.IOException;
import java.net.URI;

/** Delivers a webhook: a POST, with a key by which its receiver knows a repetition. */
public final class WebhookHandler implements JobHandler<WebhookHandler.Delivery> {
    private final Post post;

    public record Delivery(URI url, String body) {}

    /** Sends it and returns the HTTP status. */
    interface Post {
        int send(Delivery delivery, String idempotencyKey) throws Exception;
    }

    /** What a worker calls. */
    public WebhookHandler() {
        this(new HttpPost());
    }

    WebhookHandler(Post post) {
        this.post = post;
    }

    @Override
    public String type() {
        return "webhook.deliver";
    }

    @Override
    public Class<Delivery> payloadType() {
        return Delivery.class;
    }

    @Override
    public JobResult run(Delivery delivery, JobContext context) throws Exception {
        int status = context.effect("post", key -> answered(post.send(delivery, key)));
        return status < 300 ? JobResult.succeeded("HTTP " + status) : new JobResult.Declined("HTTP " + status);
    }

    /** Throws for what is no answer: the job runs again, under the same key. */
    private static int answered(int status) throws IOException {
        if (status == 429 || status == 503) {
            throw new NothingDoneException("HTTP " + status); // refused: nothing was done
        }
        if (status >= 500) {
            throw new IOException("HTTP " + status); // something may have been done
        }
        return status;
    }
}
