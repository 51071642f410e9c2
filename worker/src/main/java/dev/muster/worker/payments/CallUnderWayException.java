package dev.muster.worker.payments;

import dev.muster.job.NothingDoneException;

/**
 * The provider is still busy with an earlier call under the same key, such as that of a worker that has died meanwhile:
 * this one has done nothing, and nobody knows yet what the earlier one will have done.
 */
final class CallUnderWayException extends NothingDoneException {
    private static final long serialVersionUID = 1L;

    CallUnderWayException() {
        super("an earlier call under this key is still under way");
    }
}
