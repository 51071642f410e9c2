package dev.muster.bench.micro;

import dev.muster.supervision.ChildSpec;
import dev.muster.supervision.ExitReason;
import dev.muster.supervision.SupervisorDecider;
import dev.muster.supervision.SupervisorEffect;
import dev.muster.supervision.SupervisorEvent;
import dev.muster.supervision.SupervisorFlags;
import dev.muster.supervision.SupervisorSpec;
import dev.muster.supervision.SupervisorState;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/** A supervisor of a hundred workers is told of a crash, and decides to start the worker again. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class SupervisorBenchmark {
    private static final int WORKERS = 100;

    private SupervisorState state = SupervisorDecider.init(spec()).next();
    private SupervisorEvent crash = new SupervisorEvent.Message.Terminate(new ExitReason.Normal());

    private static SupervisorSpec spec() {
        return new SupervisorSpec(
                SupervisorFlags.defaults(),
                IntStream.range(0, WORKERS)
                        .mapToObj(i -> ChildSpec.worker("worker-" + i))
                        .toList());
    }

    /** Starts them all. */
    @Setup
    public void start() {
        SupervisorDecider.Decision decision = SupervisorDecider.init(spec());
        for (int i = 0; i < WORKERS; i++) {
            SupervisorEffect.Start start = decision.effects().stream()
                    .filter(SupervisorEffect.Start.class::isInstance)
                    .map(SupervisorEffect.Start.class::cast)
                    .findFirst()
                    .orElseThrow();
            crash = new SupervisorEvent.Message.Exited(start.pid(), new ExitReason.Crash("bench"));
            decision =
                    SupervisorDecider.decide(decision.next(), new SupervisorEvent.StartResult.Started(start.pid()), i);
        }
        state = decision.next();
    }

    @Benchmark
    public SupervisorDecider.Decision crash() {
        return SupervisorDecider.decide(state, crash, WORKERS);
    }
}
