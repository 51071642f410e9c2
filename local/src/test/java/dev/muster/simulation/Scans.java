package dev.muster.simulation;

import dev.muster.store.Ownership;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.List;
import java.util.Set;

/** Takes the owner's scan away, where that is asked for: rows of others are seen at a takeover only. */
final class Scans {
    private Scans() {}

    static Ownership of(Ownership there, Set<Guard> off, World world) {
        if (!off.contains(Guard.SCAN)) {
            return there;
        }
        long[] takenAt = {Long.MIN_VALUE};
        return (Ownership) Proxy.newProxyInstance(
                Ownership.class.getClassLoader(), new Class<?>[] {Ownership.class}, (_, method, args) -> {
                    if (method.getName().equals("takeOver")) {
                        takenAt[0] = world.now();
                    }
                    if (method.getName().equals("foreign") && world.now() - takenAt[0] > World.millis(40)) {
                        return List.of();
                    }
                    try {
                        return method.invoke(there, args);
                    } catch (InvocationTargetException e) {
                        throw e.getCause();
                    }
                });
    }
}
