package dev.muster.execution;

/** The bytes are not what the handler's payload type can be read from. Waiting will not make them so. */
public final class InvalidPayloadException extends Exception {
    private static final long serialVersionUID = 1L;

    InvalidPayloadException(String message) {
        super(message);
    }
}
