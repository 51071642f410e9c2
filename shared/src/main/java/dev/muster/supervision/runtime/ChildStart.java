package dev.muster.supervision.runtime;

import java.util.Optional;

/** How a child is started: OTP's {@code start}, a module, a function and its arguments. */
@FunctionalInterface
public interface ChildStart {

    /**
     * Starts it and returns when it is in service: the children after it in order rely on that. Where none does, it may
     * return before, see {@link Life#inService()}; until it returns, its supervisor does nothing else.
     *
     * @return empty for OTP's {@code ignore}: there is nothing to run, and that is no fault
     * @throws Exception when it can't be started, which counts as a restart where one was tried
     */
    Optional<Life> start() throws Exception;
}
