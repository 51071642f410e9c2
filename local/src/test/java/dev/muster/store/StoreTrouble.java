package dev.muster.store;

import java.sql.SQLException;

/** Makes the exception of a lost connection. */
public final class StoreTrouble {
    private StoreTrouble() {}

    public static StoreException unreachable() {
        return StoreException.of("say anything", new SQLException("the wire is cut", "08006"));
    }
}
