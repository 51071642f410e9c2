package dev.muster.embedded;

import dev.muster.embedded.EmbeddedServerException.ErrorCode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** Whom a child process runs as. Postgres refuses to run as root, so root lends it an account without privileges. */
public sealed interface ProcessAccount {

    /** The account this JVM runs as. */
    record Same() implements ProcessAccount {}

    /**
     * Another account, which only root can lend.
     *
     * @param reachesAllFiles keep the right to pass folders closed to that account: needed when the data lies below a
     *     home such as /root, and not given otherwise
     */
    record Other(String name, int uid, int gid, boolean reachesAllFiles) implements ProcessAccount {
        Other reachingAllFiles() {
            return new Other(name, uid, gid, true);
        }
    }

    /**
     * The account for a server that refuses to run as root: this JVM's own unless that is root, then {@code postgres}
     * where the system has such a user, else {@code nobody}.
     */
    static ProcessAccount unprivileged() {
        if (!"root".equals(System.getProperty("user.name"))) {
            return new Same();
        }
        try {
            List<String> lines = Files.readAllLines(Path.of("/etc/passwd"));
            return find(lines, "postgres").or(() -> find(lines, "nobody")).orElseThrow(ProcessAccount::noAccount);
        } catch (IOException e) {
            throw EmbeddedServerException.io("reading /etc/passwd", e);
        }
    }

    /** Makes this account the owner of a file or folder. */
    default void own(Path path) throws IOException {
        if (this instanceof Other other) {
            Files.setAttribute(path, "unix:uid", other.uid());
            Files.setAttribute(path, "unix:gid", other.gid());
        }
    }

    private static Optional<ProcessAccount> find(List<String> passwd, String name) {
        return passwd.stream()
                .map(line -> line.split(":", -1))
                .filter(fields -> fields.length >= 4 && fields[0].equals(name))
                .<ProcessAccount>map(
                        fields -> new Other(name, Integer.parseInt(fields[2]), Integer.parseInt(fields[3]), false))
                .findFirst();
    }

    private static EmbeddedServerException noAccount() {
        return new EmbeddedServerException(
                ErrorCode.PLATFORM_UNSUPPORTED,
                "Postgres refuses to run as root and there is no user 'postgres' or 'nobody' to lend it; "
                        + "create one or run as another user");
    }
}
