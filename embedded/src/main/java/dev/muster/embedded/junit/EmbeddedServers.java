package dev.muster.embedded.junit;

import dev.muster.embedded.sandbox.FaultPlan;
import dev.muster.embedded.sandbox.SandboxConfig;
import dev.muster.embedded.sandbox.SandboxServer;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ExtensionContext.Namespace;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;

/**
 * Gives tests real servers: {@code @ExtendWith(EmbeddedServers.class)} and a parameter, of the constructor or a method.
 *
 * <ul>
 *   <li>{@link PostgresDatabase}: an empty database of the test class on the Postgres all classes share;
 *   <li>{@link KafkaCluster}: the broker all classes share;
 *   <li>{@link SandboxServer}: a sandbox of the test class, running, without latency or faults.
 * </ul>
 *
 * A nested class shares with its outermost one. Each server starts when first asked for (Postgres about 1.5 s, Kafka
 * about 2 s, a sandbox half a second) and ends with the run; all die with the test JVM, however it ends.
 */
public final class EmbeddedServers implements ParameterResolver {
    private static final Namespace NAMESPACE = Namespace.create(EmbeddedServers.class);
    private static final Set<Class<?>> TYPES = Set.of(PostgresDatabase.class, KafkaCluster.class, SandboxServer.class);

    @Override
    public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
        return TYPES.contains(parameter.getParameter().getType());
    }

    @Override
    public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
        SharedServers servers = context.getRoot()
                .getStore(NAMESPACE)
                .computeIfAbsent(SharedServers.class, _ -> new SharedServers(), SharedServers.class);
        ExtensionContext outermost = outermostClass(context);
        Class<?> type = parameter.getParameter().getType();
        if (type == PostgresDatabase.class) {
            return servers.database(outermost.getRequiredTestClass());
        }
        if (type == KafkaCluster.class) {
            return servers.kafka();
        }
        return outermost
                .getStore(NAMESPACE)
                .computeIfAbsent(SandboxServer.class, _ -> startSandbox(servers), SandboxServer.class);
    }

    private static SandboxServer startSandbox(SharedServers servers) {
        SandboxServer sandbox = new SandboxServer(
                SandboxConfig.in(servers.newFolder("sandbox-")).withFaults(FaultPlan.instant()));
        sandbox.start();
        return sandbox;
    }

    private static ExtensionContext outermostClass(ExtensionContext context) {
        ExtensionContext outermost = context;
        Optional<ExtensionContext> parent = context.getParent();
        while (parent.isPresent() && parent.get().getTestClass().isPresent()) {
            outermost = parent.get();
            parent = outermost.getParent();
        }
        return outermost;
    }
}
