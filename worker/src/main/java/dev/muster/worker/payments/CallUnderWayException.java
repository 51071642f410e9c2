package dev.muster.worker.payments;

/**
 * The provider is still busy with an earlier call under the same key, such as that of a worker that has died meanwhile:
 * nobody knows yet what that one will have done. So it is no {@link dev.muster.job.NothingDoneException}, which could close
 * the step as one that was never called.
 */
final class CallUnderWayException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    CallUnderWayException() {
        super("an earlier call under this key is still under way");
    }
}
