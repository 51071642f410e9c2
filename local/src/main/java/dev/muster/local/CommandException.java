package dev.muster.local;

/** A command can't do what was asked. The message is all that the user gets to see: what failed and what to do about it. */
public final class CommandException extends RuntimeException {
    /** It was asked for rightly and did not work. */
    public static final int FAILED = 1;
    /** What was asked for makes no sense. */
    public static final int MISUSED = 2;

    private static final long serialVersionUID = 1L;

    private final int exitCode;

    private CommandException(int exitCode, String message) {
        super(message);
        this.exitCode = exitCode;
    }

    public static CommandException failed(String message) {
        return new CommandException(FAILED, message);
    }

    public static CommandException misused(String message) {
        return new CommandException(MISUSED, message);
    }

    public int exitCode() {
        return exitCode;
    }
}
