package dev.muster.store;

import java.util.Map;

/**
 * What a settle has to know of groups: jobs of a key that start at once, to be run one after the other.
 *
 * @param any some of the outcomes are of runs that began behind another in a group
 * @param most of which types more than one waiting job of a key may start at once, and how many of each
 */
public record Groups(boolean any, Map<String, Integer> most) {
    /** One job of a key after the other. */
    public static final Groups NONE = new Groups(false, Map.of());

    public Groups {
        most = Map.copyOf(most);
    }
}
