package dev.muster.embedded;

/**
 * An operating fault of an embedded server: it did not start, its folder is taken, the platform lacks something. The
 * message says what was attempted and what to do next; for a child that died it quotes the end of its log.
 */
public final class EmbeddedServerException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final ErrorCode code;

    public EmbeddedServerException(ErrorCode code, String message) {
        super(message);
        this.code = code;
    }

    public EmbeddedServerException(ErrorCode code, String message, Throwable cause) {
        super(message, cause);
        this.code = code;
    }

    public ErrorCode code() {
        return code;
    }

    static EmbeddedServerException interrupted(String doing, InterruptedException cause) {
        Thread.currentThread().interrupt();
        return new EmbeddedServerException(
                ErrorCode.INTERRUPTED, "Interrupted while " + doing + "; nothing was undone, stop() is safe", cause);
    }

    static EmbeddedServerException io(String doing, Exception cause) {
        return new EmbeddedServerException(
                ErrorCode.IO_FAILED,
                "Failed " + doing + " (" + cause + "); check the folder's permissions and free space",
                cause);
    }

    /** What went wrong, for callers that react differently. */
    public enum ErrorCode {
        /** The child ended, or did not answer in time, while starting. */
        START_FAILED,
        /** Another process runs a server on the same data folder. */
        DATA_FOLDER_IN_USE,
        /** There are no binaries for this machine, or a system tool is missing. */
        PLATFORM_UNSUPPORTED,
        /** Reading, writing or asking a running child failed. */
        IO_FAILED,
        /** The calling thread was interrupted; its flag is set again. */
        INTERRUPTED
    }
}
