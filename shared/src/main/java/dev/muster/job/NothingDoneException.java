package dev.muster.job;

/**
 * Thrown by a call to the outside that is known to have done nothing: it was refused for its rate, or not sent at all. Its
 * step stays as it was before the call: an earlier call that was never answered is still without an answer.
 */
public class NothingDoneException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public NothingDoneException(String message) {
        super(message);
    }
}
