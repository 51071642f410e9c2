package dev.muster.supervision;

import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * A supervisor to be: what OTP's {@code init/1} returns.
 *
 * <p>Source: OTP, {@code supervisor:check_childspecs/2}.
 *
 * @param flags what the supervisor goes by
 * @param children in start order, each with an id of its own; may be empty
 */
public record SupervisorSpec(SupervisorFlags flags, List<ChildSpec> children) {
    public SupervisorSpec {
        children = List.copyOf(children);
        Set<String> ids = new HashSet<>();
        for (ChildSpec child : children) {
            if (!ids.add(child.id())) {
                throw new IllegalArgumentException("two children have the id " + child.id());
            }
            if (!flags.allow(child)) {
                throw new IllegalArgumentException(
                        "a child can't be significant where auto_shutdown is never: " + child.id());
            }
        }
    }
}
