package dev.muster.fleet;

/** The exit codes by which a worker tells its supervisor why it ended. */
public enum ExitCode {
    /** Drained and done. */
    NORMAL(0),
    /** Broke down: something in it failed that it can't go on without. */
    FAILED(1),
    /** Its configuration is wrong; starting it again changes nothing. */
    BAD_CONFIGURATION(2),
    /** Found itself fenced: others have its jobs. */
    FENCED(3);

    private final int code;

    ExitCode(int code) {
        this.code = code;
    }

    public int code() {
        return code;
    }
}
