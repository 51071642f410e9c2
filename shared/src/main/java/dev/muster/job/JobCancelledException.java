package dev.muster.job;

/** Somebody wishes the job to be cancelled, so the call was not made. A handler that lets it pass ends as cancelled. */
public final class JobCancelledException extends NothingDoneException {
    private static final long serialVersionUID = 1L;

    public JobCancelledException(String message) {
        super(message);
    }
}
