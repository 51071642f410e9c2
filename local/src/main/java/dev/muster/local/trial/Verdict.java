package dev.muster.local.trial;

import java.util.List;
import java.util.Map;

/** What a trial has to say in the end. */
public interface Verdict {
    /** True when all held that had to. */
    boolean isOk();

    /** As a person reads it. */
    List<String> lines();

    /** As JSON has it, keys in the order in which people look for them. */
    Map<String, Object> json();
}
