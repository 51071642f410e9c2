package dev.muster.embedded;

import dev.muster.embedded.EmbeddedServerException.ErrorCode;
import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * The programs put in front of a child's command on Linux: {@code setsid} for a session of its own and {@code setpriv}
 * for the account and the parent-death signal. Both become the child by exec, so its process id stays the same.
 * Elsewhere, or where they are missing, the command runs as it is.
 *
 * <p>Thread-safety: thread-safe.
 */
final class LinuxLauncher {
    private static final boolean SETSID = works(List.of("setsid", "true"));
    private static final boolean SETPRIV = works(List.of("setpriv", "--pdeathsig", "KILL", "true"));

    private LinuxLauncher() {}

    static List<String> wrap(ChildProcess.Spec spec) {
        List<String> line = new ArrayList<>();
        if (SETSID) {
            line.add("setsid");
        }
        line.addAll(setpriv(spec.account(), spec.onParentDeath()));
        line.addAll(spec.command());
        return line;
    }

    /** The same account, with just the rights it needs to run {@code program} on {@code folder}. */
    static ProcessAccount reaching(ProcessAccount account, String program, String folder) {
        if (!(account instanceof ProcessAccount.Other other)) {
            return account;
        }
        List<String> probe = List.of("sh", "-c", "test -x \"$0\" && test -w \"$1\"", program, folder);
        return works(join(setpriv(other, "KILL"), probe)) ? other : other.reachingAllFiles();
    }

    private static List<String> setpriv(ProcessAccount account, String onParentDeath) {
        return switch (account) {
            case ProcessAccount.Same() -> SETPRIV ? List.of("setpriv", "--pdeathsig", onParentDeath) : List.of();
            case ProcessAccount.Other other -> lend(other, onParentDeath);
        };
    }

    private static List<String> lend(ProcessAccount.Other account, String onParentDeath) {
        if (!SETPRIV) {
            throw new EmbeddedServerException(
                    ErrorCode.PLATFORM_UNSUPPORTED,
                    "Postgres refuses to run as root, and the 'setpriv' of util-linux, which would run it as "
                            + account.name() + ", is missing; install util-linux or run as another user");
        }
        List<String> line = new ArrayList<>(List.of(
                "setpriv",
                "--pdeathsig",
                onParentDeath,
                "--reuid=" + account.uid(),
                "--regid=" + account.gid(),
                "--clear-groups"));
        if (account.reachesAllFiles()) {
            line.addAll(List.of("--inh-caps=+dac_override", "--ambient-caps=+dac_override"));
        }
        return line;
    }

    private static List<String> join(List<String> first, List<String> second) {
        List<String> line = new ArrayList<>(first);
        line.addAll(second);
        return line;
    }

    private static boolean works(List<String> command) {
        try {
            Process process = new ProcessBuilder(command)
                    .redirectOutput(Redirect.DISCARD)
                    .redirectError(Redirect.DISCARD)
                    .start();
            return process.waitFor(10, TimeUnit.SECONDS) && process.exitValue() == 0;
        } catch (IOException e) {
            return false; // There is no such program here: that is the answer.
        } catch (InterruptedException e) {
            throw EmbeddedServerException.interrupted("looking for " + command.getFirst(), e);
        }
    }
}
