package dev.muster.job;

/** The job is not this worker's any more: it was adopted by another one, or its worker can't be sure of itself. */
public final class LostJobException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public LostJobException(String message) {
        super(message);
    }
}
