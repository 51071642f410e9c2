package dev.muster.coordinator.http;

import dev.muster.config.ConfigException;
import dev.muster.config.Setting;
import io.javalin.http.Context;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Who may reach the HTTP API, which asks nobody for a password: this machine alone, unless a setting says otherwise. A page
 * in a browser of this machine is not this machine: one whose name was made to lead here after it was loaded (DNS
 * rebinding) is recognised by the name it asks for, and refused. Immutable.
 */
final class Reach {
    private static final Logger LOG = LoggerFactory.getLogger(Reach.class);
    private static final Pattern LOOPBACK = Pattern.compile("localhost|127(\\.\\d{1,3}){3}|\\[::1]");
    private static final Pattern PORT = Pattern.compile(":\\d{0,5}$");

    private final boolean thisMachineOnly;

    private Reach(boolean thisMachineOnly) {
        this.thisMachineOnly = thisMachineOnly;
    }

    /**
     * The reach of an API that listens there.
     *
     * @throws ConfigException if others could reach it and that is not allowed, or if it is no address
     */
    static Reach of(String host, boolean remoteIsAllowed) {
        boolean loopback = isLoopback(host);
        if (!loopback && !remoteIsAllowed) {
            throw new ConfigException(Setting.COORDINATOR_HOST.key() + " is " + host
                    + ", which others can reach, and the HTTP API asks nobody for a password: whoever reaches it sees jobs, "
                    + "cancels them and redrives dead ones. Keep it on 127.0.0.1; or, behind a proxy with authentication or "
                    + "in a network of its own, set " + Setting.HTTP_ALLOW_REMOTE.key() + " to true");
        }
        if (!loopback) {
            LOG.warn("The HTTP API listens on {}, which others can reach, and asks nobody for a password", host);
        }
        return new Reach(loopback);
    }

    /** Refuses a request that was meant for another host. */
    void check(Context ctx) {
        if (thisMachineOnly && !namesThisMachine(ctx.header("Host"))) {
            HttpApi.problem(
                    ctx, 421, "this is the API of the machine it runs on: ask for it by localhost or 127.0.0.1");
            ctx.skipRemainingHandlers();
        }
    }

    static boolean namesThisMachine(@org.jspecify.annotations.Nullable String hostHeader) {
        String host = Optional.ofNullable(hostHeader).orElse("").toLowerCase(Locale.ROOT);
        return LOOPBACK.matcher(PORT.matcher(host).replaceFirst("")).matches();
    }

    private static boolean isLoopback(String host) {
        try {
            return Arrays.stream(InetAddress.getAllByName(host)).allMatch(InetAddress::isLoopbackAddress);
        } catch (UnknownHostException e) {
            throw new ConfigException(Setting.COORDINATOR_HOST.key() + " is no address of this host: " + host, e);
        }
    }
}
