package dev.muster.local.stack;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.muster.config.Setting;
import dev.muster.config.Settings;
import dev.muster.embedded.EmbeddedServer;
import dev.muster.embedded.Processes;
import dev.muster.store.LeaseStore;
import dev.muster.store.LeaseStore.Lease;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A stack with two coordinators on one host. */
class StandbyIT {
    private static final Duration LIMIT = Duration.ofMinutes(2);
    private static final int WORKERS = 2;
    private static final List<String> COORDINATORS = List.of("coordinator", "coordinator-2");

    @Test
    void the_standby_of_a_killed_leader_goes_on_with_its_workers_and_starts_none_beside_them(@TempDir Path folder) {
        StackConfig config = new StackConfig(
                        folder,
                        Settings.of(Map.of(Setting.COORDINATOR_PORT.key(), "0", Setting.FLEET_SPARES.key(), "0")),
                        WORKERS,
                        StackConfig.defaultQueues(),
                        StackConfig.Ports.ANY)
                .withCoordinators(2);
        Set<ProcessHandle> workers;
        Map<String, EmbeddedServer> servers;
        try (LocalStack stack = LocalStack.start(config, _ -> {});
                Payments payments = new Payments(stack, "standby")) {
            servers = stack.servers();
            awaitInService(stack);
            workers = processes(stack);
            Lease before = lease(stack).orElseThrow();
            String leader = COORDINATORS.stream()
                    .filter(name -> isHeldBy(the(name, servers), before))
                    .findFirst()
                    .orElseThrow();
            String standby = COORDINATORS.get(1 - COORDINATORS.indexOf(leader));
            payments.submitted(20);

            // It is killed when the standby leads: its next life can be there before its lease is over.
            long frozen = the(leader, servers).pid();
            the(leader, servers).signal("STOP");
            payments.submit(20);

            await("the standby leads")
                    .atMost(LIMIT)
                    .until(() -> lease(stack)
                            .filter(now -> now.epoch() > before.epoch() && isHeldBy(the(standby, servers), now))
                            .isPresent());
            the(leader, servers).signal("KILL");
            await("the other is back")
                    .atMost(LIMIT)
                    .until(() -> the(leader, servers).running()
                            && the(leader, servers).pid() != frozen);
            assertThat(processes(stack))
                    .as("no worker died, and none has a twin")
                    .isEqualTo(workers);

            Fleet.Worker victim = stack.fleet().live().getFirst();
            victim.kill();
            await("the new leader sees it")
                    .atMost(LIMIT)
                    .until(() -> stack.fleet().live().stream()
                            .noneMatch(worker -> worker.incarnation().equals(victim.incarnation())));
            awaitInService(stack);
            payments.awaitEachChargedOnce();
            workers = processes(stack);
        }
        assertThat(Processes.awaitEnd(workers, Duration.ZERO)).isTrue();
        assertThat(servers.values()).noneMatch(EmbeddedServer::running);
    }

    private static Optional<Lease> lease(LocalStack stack) {
        return new LeaseStore(stack.database()).current();
    }

    /** A holder's name ends in its process and a mark of its life. */
    private static boolean isHeldBy(EmbeddedServer coordinator, Lease lease) {
        return lease.holder().contains("-" + coordinator.pid() + "/");
    }

    private static void awaitInService(LocalStack stack) {
        await("workers in service")
                .atMost(LIMIT)
                .ignoreExceptions()
                .until(() -> stack.fleet().live().stream()
                                .filter(worker -> worker.isAlive() && worker.inService())
                                .count()
                        == WORKERS);
    }

    private static EmbeddedServer the(String name, Map<String, EmbeddedServer> servers) {
        return Objects.requireNonNull(servers.get(name), name);
    }

    private static Set<ProcessHandle> processes(LocalStack stack) {
        return stack.fleet().live().stream()
                .flatMap(worker -> worker.process().stream())
                .collect(Collectors.toSet());
    }
}
