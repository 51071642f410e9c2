package dev.muster.job;

/**
 * Thrown by a call to the outside when the provider is still busy with an earlier call under the same key, such as that of a
 * worker that has died meanwhile: nobody knows yet what that one will have done. Its step stays open, and the job is
 * {@code unknown}: it runs again after the retry policy's wait, and has spent no failure. Nothing bounds how often, so it is
 * for an answer that says just this, and not for any conflict.
 */
public class CallUnderWayException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** @param message for people, such as in {@code muster jobs show} */
    public CallUnderWayException(String message) {
        super(message);
    }
}
