package dev.muster.store;

import java.sql.SQLException;
import org.postgresql.util.PSQLException;

/** Postgres could not do what was asked. {@link #code} says whether asking again may help. */
public final class StoreException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final Code code;

    private StoreException(Code code, String message, Throwable cause) {
        super(message, cause);
        this.code = code;
    }

    /** What kind of trouble it is. */
    public enum Code {
        /** Postgres can't be reached, restarts, or ended the connection. The statement may or may not have run. */
        UNREACHABLE,
        /**
         * A deadlock, lock timeout, serialization failure, or a partition that was attached while a row was on its way: the
         * statement did not run; try it again.
         */
        CONTENDED,
        /** It refused the data of the statement, such as a zero byte in a text: the statement did not run. */
        BAD_DATA,
        /** Anything else: a bug, or a schema that is not ours. */
        BROKEN
    }

    static StoreException of(String attempt, SQLException e) {
        return new StoreException(codeOf(e), "can't " + attempt + ": " + e.getMessage(), e);
    }

    public Code code() {
        return code;
    }

    private static Code codeOf(SQLException e) {
        String state = e.getSQLState() == null ? "" : e.getSQLState();
        // Source: PostgreSQL, "Appendix A. PostgreSQL Error Codes".
        return switch (state) {
            case "40001", "40P01", "55P03" -> Code.CONTENDED;
            case "23514" -> isMisrouted(e) ? Code.CONTENDED : Code.BAD_DATA;
            case "57014" -> Code.UNREACHABLE; // statement timeout: nobody knows
            case "25006" -> Code.UNREACHABLE; // read-only: a standby that is not the primary yet, or no more
            default ->
                switch (state.length() < 2 ? "" : state.substring(0, 2)) {
                    case "08", "57", "58", "53", "" -> Code.UNREACHABLE;
                    case "22", "23", "54" -> Code.BAD_DATA;
                    default -> Code.BROKEN;
                };
        };
    }

    /** A partition's bounds are the one check that has no name. Whoever tries again finds the row's new place. */
    private static boolean isMisrouted(SQLException e) {
        return e instanceof PSQLException postgres
                && postgres.getServerErrorMessage() != null
                && postgres.getServerErrorMessage().getConstraint() == null;
    }
}
