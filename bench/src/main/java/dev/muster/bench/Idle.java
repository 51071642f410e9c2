package dev.muster.bench;

import static java.util.Objects.requireNonNull;

import dev.muster.config.Setting;
import dev.muster.config.Settings;
import dev.muster.embedded.FileTree;
import dev.muster.local.Console;
import dev.muster.local.stack.Fleet;
import dev.muster.local.stack.LocalStack;
import dev.muster.local.stack.StackConfig;
import dev.muster.protocol.Json;
import dev.muster.time.Ticker;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Stream;

/**
 * What a system costs that has nothing to do: a coordinator and two workers with their servers, started by
 * {@code muster up}'s own stack, so with the options that ship. Nothing is submitted. Confined to one thread.
 */
final class Idle {
    private static final int WORKERS = 2;
    private static final Duration LIMIT = Duration.ofSeconds(60);

    private final int warmUpSeconds;
    private final int seconds;
    private final Ticker ticker = Ticker.system();

    /** @param warmUpSeconds after the workers' start, which don't count */
    Idle(int warmUpSeconds, int seconds) {
        this.warmUpSeconds = warmUpSeconds;
        this.seconds = seconds;
    }

    /**
     * What a process, or some together, needed.
     *
     * @param cpuPercent of one core, on the average
     * @param memory at the end
     */
    record Need(String process, double cpuPercent, Memory memory) {
        private static Need sum(String name, List<Need> needs) {
            return new Need(
                    name,
                    needs.stream().mapToDouble(Need::cpuPercent).sum(),
                    needs.stream().map(Need::memory).reduce(Memory.NONE, Memory::plus));
        }

        private String row() {
            return String.format(
                    Locale.ROOT,
                    "| %s | %.2f | %.0f | %.0f | %.0f |",
                    process,
                    cpuPercent,
                    memory.rss(),
                    memory.pss(),
                    memory.shared());
        }
    }

    /**
     * What was measured.
     *
     * @param muster the coordinator and each worker
     * @param others the spare process that waits for a worker's death, and the servers
     * @param othersCores how many processors worked for somebody else on this machine, the measuring process included
     */
    record Result(int warmUpSeconds, int seconds, List<Need> muster, List<Need> others, double othersCores) {

        /** A Markdown table. */
        List<String> table() {
            List<String> lines = new ArrayList<>();
            lines.add("| process | CPU, % of a core | RSS MB | PSS MB | of its RSS shared |");
            lines.add("|---|---|---|---|---|");
            muster.forEach(need -> lines.add(need.row()));
            lines.add(Need.sum("these together", muster).row());
            others.forEach(need -> lines.add(need.row()));
            lines.add(String.format(
                    Locale.ROOT,
                    "%d s after a warm-up of %d s; %.2f cores worked for others",
                    seconds,
                    warmUpSeconds,
                    othersCores));
            return lines;
        }

        String json() {
            return Json.MAPPER.writerWithDefaultPrettyPrinter().writeValueAsString(this);
        }
    }

    /** One of the processes; Postgres is the only one whose children are its own. */
    private record Party(String name, long pid, boolean hasChildren) {
        double cpuSeconds() {
            return hasChildren ? Cpu.secondsOfTree(pid) : Cpu.seconds(pid);
        }

        Need need(double cpuPercent) {
            return new Need(name, cpuPercent, Memory.of(hasChildren ? Cpu.tree(pid) : List.of(pid)));
        }
    }

    Result run(Console console) throws IOException, InterruptedException {
        Path folder = Files.createTempDirectory("muster-bench-");
        StackConfig config = new StackConfig(
                folder,
                Settings.of(Map.of(Setting.COORDINATOR_PORT.key(), "0")),
                WORKERS,
                StackConfig.defaultQueues(),
                StackConfig.Ports.ANY);
        try (LocalStack stack = LocalStack.start(config, console::line)) {
            awaitWorkers(stack.fleet());
            Pause.millis(warmUpSeconds * 1_000L);
            return measure(muster(stack), others(stack));
        } finally {
            FileTree.delete(folder);
        }
    }

    private void awaitWorkers(Fleet fleet) throws InterruptedException {
        long begun = ticker.nanos();
        while (fleet.live().stream().filter(Fleet.Worker::inService).count() < WORKERS) {
            if (ticker.nanos() - begun > LIMIT.toNanos()) {
                throw new IllegalStateException("the workers are not in service after " + LIMIT);
            }
            Pause.millis(50);
        }
    }

    private static List<Party> muster(LocalStack stack) {
        List<Party> parties = new ArrayList<>();
        parties.add(new Party("coordinator", pid(stack, "coordinator"), false));
        stack.fleet()
                .live()
                .forEach(worker -> parties.add(new Party(
                        worker.incarnation(), worker.process().orElseThrow().pid(), false)));
        return parties;
    }

    private static List<Party> others(LocalStack stack) {
        List<Party> parties = new ArrayList<>();
        stack.fleet().processes().stream()
                .filter(process -> !stack.fleet().workers().contains(process))
                .forEach(spare -> parties.add(new Party("spare worker", spare.pid(), false)));
        parties.add(new Party("Postgres", pid(stack, "postgres"), true));
        parties.add(new Party("Kafka", pid(stack, "kafka"), false));
        parties.add(new Party("sandbox provider", pid(stack, "sandbox"), false));
        return parties;
    }

    private static long pid(LocalStack stack, String server) {
        return requireNonNull(stack.servers().get(server), server).pid();
    }

    private Result measure(List<Party> muster, List<Party> others) throws InterruptedException {
        List<Party> all = Stream.concat(muster.stream(), others.stream()).toList();
        double machine = Cpu.secondsOfMachine();
        Map<Party, Double> before = cpuSeconds(all);
        long begun = ticker.nanos();
        Pause.millis(seconds * 1_000L);
        Map<Party, Double> taken = cpuSeconds(all);
        double elapsed = (ticker.nanos() - begun) / 1e9;
        machine = Cpu.secondsOfMachine() - machine;
        taken.replaceAll((party, after) -> after - requireNonNull(before.get(party)));
        double ours = taken.values().stream().mapToDouble(Double::doubleValue).sum();
        Function<Party, Need> need = party -> party.need(requireNonNull(taken.get(party)) * 100 / elapsed);
        return new Result(
                warmUpSeconds,
                seconds,
                muster.stream().map(need).toList(),
                others.stream().map(need).toList(),
                (machine - ours) / elapsed);
    }

    private static Map<Party, Double> cpuSeconds(List<Party> parties) {
        Map<Party, Double> seconds = new LinkedHashMap<>();
        parties.forEach(party -> seconds.put(party, party.cpuSeconds()));
        return seconds;
    }
}
