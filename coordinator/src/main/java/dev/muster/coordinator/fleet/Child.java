package dev.muster.coordinator.fleet;

import dev.muster.coordinator.process.WorkerProcess;
import dev.muster.fleet.Incarnation;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/** Where one of the workers that this coordinator keeps running stands. */
sealed interface Child {

    /** To be started when its time has come; {@code restarted} is told of it. */
    record Waiting(long dueNanos, Optional<CompletableFuture<Optional<Incarnation>>> restarted) implements Child {}

    /** Being minted and started. */
    record Launching(Optional<CompletableFuture<Optional<Incarnation>>> restarted) implements Child {}

    /** Its process runs. {@code missed}: surveys in a row that did not find it, since somebody else has fenced it. */
    record Running(WorkerProcess process, int missed) implements Child {}

    /** Dead; its recovery goes on. */
    record Recovering(Incarnation incarnation) implements Child {}

    /** Not started any more; an incident says why and what to do. */
    record Down() implements Child {}
}
