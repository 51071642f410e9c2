package dev.muster.bench;

import dev.muster.embedded.FileTree;
import dev.muster.local.Console;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code muster bench}. */
@Command(
        name = "bench",
        mixinStandardHelpOptions = true,
        description = {
            "Measures Muster on a Postgres and a Kafka of its own: how fast it drains a topic, and what that costs.",
            "Contestants take turns on the same servers; each run has a new database, a new topic and a new process."
        })
public final class Bench implements Callable<Integer> {
    @Option(
            names = "--contestants",
            split = ",",
            paramLabel = "NAME",
            description = "Who takes part, in this order; default: bare,muster")
    private List<String> contestants = List.of("bare", "muster");

    @Option(names = "--workload", paramLabel = "NAME", description = "What kind of jobs; default: noop")
    private String workload = "noop";

    @Option(names = "--jobs", paramLabel = "N", description = "Jobs of a run; default: 1000000")
    private long jobs = 1_000_000;

    @Option(names = "--rounds", paramLabel = "N", description = "Runs of each contestant; default: 3")
    private int rounds = 3;

    @Option(names = "--partitions", paramLabel = "N", description = "Of a topic; default: 8")
    private int partitions = 8;

    @Option(names = "--slots", paramLabel = "N", description = "Of Muster's worker; default: 6000")
    private int slots = 6_000;

    @Option(names = "--lanes", paramLabel = "N", description = "Of Muster's worker; default: 3")
    private int lanes = 3;

    @Option(names = "--json", paramLabel = "FILE", description = "Write all figures there as well")
    private Optional<Path> json = Optional.empty();

    @Option(names = "--keep", description = "Keep the folder with all data and logs")
    private boolean keep;

    private final Console console;

    private Bench(Console console) {
        this.console = console;
    }

    /** Its arguments are those of the command line. */
    public static void main(String[] args) {
        CommandLine line = new CommandLine(new Bench(Console.system())).setCaseInsensitiveEnumValuesAllowed(true);
        System.exit(line.execute(args));
    }

    @Override
    public Integer call() throws Exception {
        Workload kind = Workload.valueOf(workload.toUpperCase(java.util.Locale.ROOT));
        List<Contestant> all = contestants.stream().map(Contestant::of).toList();
        Path folder = Files.createTempDirectory("muster-bench-");
        List<DrainResult> results = new ArrayList<>();
        try (BenchServers servers = BenchServers.start(folder)) {
            for (int round = 1; round <= rounds; round++) {
                for (Contestant contestant : all) {
                    results.add(drain(servers, contestant, kind, round));
                }
            }
        } finally {
            if (keep) {
                console.line("data and logs are kept in " + folder);
            } else {
                FileTree.delete(folder);
            }
        }
        console.line("");
        Report.table(results).forEach(console::line);
        json.ifPresent(file -> write(file, Report.json(about(kind), results)));
        return 0;
    }

    private DrainResult drain(BenchServers servers, Contestant contestant, Workload kind, int round) throws Exception {
        String name = contestant.wireName() + "-" + round;
        DrainResult result = new Drain(servers)
                .run(
                        contestant.wireName(),
                        contestant.trial(servers, name, kind, jobs, new Contestant.Setup(partitions, slots, lanes)),
                        kind,
                        jobs);
        console.line(Report.line(result));
        return result;
    }

    private Map<String, Object> about(Workload kind) {
        Map<String, Object> about = new LinkedHashMap<>();
        about.put("workload", kind.wireName());
        about.put("jobs", jobs);
        about.put("partitions", partitions);
        about.put("slots", slots);
        about.put("lanes", lanes);
        about.put("processors", Runtime.getRuntime().availableProcessors());
        about.put("java", Runtime.version().toString());
        about.put("postgres", BenchServers.POSTGRES);
        about.put("kafka", BenchServers.KAFKA);
        about.put("contestants", Arrays.toString(contestants.toArray()));
        return about;
    }

    private static void write(Path file, String text) {
        try {
            Files.writeString(file, text + "\n");
        } catch (IOException e) {
            throw new IllegalStateException("can't write " + file, e);
        }
    }
}
