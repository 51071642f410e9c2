package dev.muster.local.stack;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.muster.config.Setting;
import dev.muster.config.Settings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A stack that keeps a spare process for its worker. */
class SpareIT {
    private static final Duration LIMIT = Duration.ofMinutes(2);

    @Test
    void a_spare_takes_the_place_of_a_killed_worker_and_ends_with_its_coordinator(@TempDir Path folder)
            throws IOException {
        Settings settings = Settings.of(Map.of(
                Setting.COORDINATOR_PORT.key(), "0", Setting.FLEET_SPARES.key(), "1", Setting.WORKER_SLOTS.key(), "7"));
        StackConfig config = new StackConfig(folder, settings, 1, StackConfig.defaultQueues(), StackConfig.Ports.ANY);
        try (LocalStack stack = LocalStack.start(config, _ -> {});
                Payments payments = new Payments(stack, "spare")) {
            ProcessHandle spare = awaitSpare(stack);
            payments.submitted(20);

            Fleet.Worker victim = awaitWorker(stack);
            victim.kill();
            payments.submit(20);

            await("the spare is the worker")
                    .atMost(LIMIT)
                    .until(() -> stack.fleet().live().stream()
                            .anyMatch(worker -> worker.inService()
                                    && worker.process().equals(Optional.of(spare))
                                    && !worker.incarnation().equals(victim.incarnation())));
            payments.awaitEachChargedOnce();
            String life = awaitWorker(stack).incarnation();
            Path log = stack.fleet().folder().resolve(life.substring(0, life.lastIndexOf('.')) + ".log");
            assertThat(Files.readString(log)).contains("Started incarnation=\"" + life + "\"");

            ProcessHandle next = awaitSpare(stack);
            assertThat(next).isNotEqualTo(spare);
            Objects.requireNonNull(stack.servers().get("coordinator")).signal("KILL");
            await("the next spare ends with the coordinator").atMost(LIMIT).until(() -> !next.isAlive());
            assertThat(spare.isAlive()).as("the worker lives on").isTrue();
            assertThat(awaitSpare(stack))
                    .as("the coordinator that is back keeps one too")
                    .isNotEqualTo(next);
        }
    }

    private static ProcessHandle awaitSpare(LocalStack stack) {
        return await("a spare")
                .atMost(LIMIT)
                .ignoreExceptions()
                .until(
                        () -> {
                            Set<ProcessHandle> spares = stack.fleet().processes();
                            spares.removeAll(stack.fleet().workers());
                            return spares.stream().findFirst();
                        },
                        Optional::isPresent)
                .orElseThrow();
    }

    private static Fleet.Worker awaitWorker(LocalStack stack) {
        return await("the worker")
                .atMost(LIMIT)
                .ignoreExceptions()
                .until(
                        () -> stack.fleet().live().stream()
                                .filter(worker -> worker.isAlive() && worker.inService())
                                .findFirst(),
                        Optional::isPresent)
                .orElseThrow();
    }
}
