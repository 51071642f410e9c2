package dev.muster.bench;

import dev.muster.bench.trial.Backlog;
import dev.muster.bench.trial.MusterTrial;
import dev.muster.embedded.FileTree;
import dev.muster.local.Console;
import dev.muster.protocol.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.openjdk.jmh.profile.GCProfiler;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
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
            description = "Who takes part, in this order; default: bare,muster, or muster alone where no other can")
    private List<String> contestants = List.of();

    @Option(
            names = "--workload",
            paramLabel = "NAME",
            description = "noop, keyed, wait, failing, large, scheduled or payments; default: noop")
    private String workload = "noop";

    @Option(
            names = "--jobs",
            paramLabel = "N",
            description = "Jobs of a run; default: 1000000, 200000 of keyed ones, 20000 payments")
    private Optional<Long> wantedJobs = Optional.empty();

    @Option(names = "--rounds", paramLabel = "N", description = "Runs of each contestant; default: 3")
    private int rounds = 3;

    @Option(names = "--partitions", paramLabel = "N", description = "Of a topic; default: 8")
    private int partitions = 8;

    @Option(
            names = "--slots",
            paramLabel = "N",
            description = "Of Muster's worker; default: 6000, for payments what a worker has by default")
    private Optional<Integer> slots = Optional.empty();

    @Option(names = "--lanes", paramLabel = "N", description = "Of Muster's worker; default: 3, likewise")
    private Optional<Integer> lanes = Optional.empty();

    @Option(names = "--compare", description = "All contestants take part, db-scheduler, JobRunr and others too")
    private boolean compare;

    @Option(
            names = "--history",
            paramLabel = "N",
            description = "Finished jobs of days before that muster-backlog begins with; default: 10000000")
    private long history = 10_000_000;

    @Option(
            names = "--waiting",
            paramLabel = "N",
            description = "Jobs due in days that muster-backlog begins with; default: 5000000")
    private long waiting = 5_000_000;

    @Option(
            names = "--latency",
            arity = "0..1",
            fallbackValue = "500",
            paramLabel = "RATE",
            description = "Measure no drain but Muster's latency at that many jobs a second; default: 500")
    private Optional<Double> latency = Optional.empty();

    @Option(
            names = "--idle",
            description = "Measure what a coordinator and two workers need that have nothing to do, as they ship")
    private boolean idle;

    @Option(
            names = "--seconds",
            paramLabel = "N",
            description = "How long a latency or an idle system is measured; default: 30")
    private int seconds = 30;

    @Option(
            names = "--warm-up",
            paramLabel = "N",
            description = "Seconds of the same before that, which don't count; default: 60")
    private int warmUp = 60;

    @Option(
            names = "--start",
            arity = "0..1",
            fallbackValue = "10",
            paramLabel = "N",
            description = "Measure that many starts of a worker, until its first job; default: 10")
    private Optional<Integer> starts = Optional.empty();

    @Option(
            names = "--restart",
            arity = "0..1",
            fallbackValue = "10",
            paramLabel = "N",
            description = "Kill a worker that many times, and measure how long it is away; default: 10")
    private Optional<Integer> restarts = Optional.empty();

    @Option(names = "--profile", description = "Ask Postgres where its time and its WAL went; costs some of both")
    private boolean profile;

    @Option(names = "--micro", description = "Measure the pieces of the hot path by JMH, with what they allocate")
    private boolean micro;

    @Option(names = "--chart", paramLabel = "FILE", description = "Draw throughput and cost there, as SVG")
    private Optional<Path> chart = Optional.empty();

    @Option(names = "--json", paramLabel = "FILE", description = "Write all figures there as well")
    private Optional<Path> json = Optional.empty();

    @Option(names = "--keep", description = "Keep the folder with the logs")
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
        if (micro) {
            micro();
        } else if (idle) {
            idle();
        } else if (starts.isPresent()) {
            WorkerStart.run(console, starts.get());
        } else if (restarts.isPresent()) {
            WorkerRestart.run(console, restarts.get());
        } else {
            onOwnServers();
        }
        return 0;
    }

    private void onOwnServers() throws Exception {
        Path folder = Files.createTempDirectory("muster-bench-");
        try (BenchServers servers = BenchServers.start(folder, profile)) {
            if (latency.isPresent()) {
                latencies(servers, latency.get());
            } else {
                drains(servers, Workload.valueOf(workload.toUpperCase(Locale.ROOT)));
            }
        } finally {
            if (keep) {
                console.line("the logs are kept in " + folder);
            } else {
                FileTree.delete(folder);
            }
        }
    }

    private void idle() throws Exception {
        Idle.Result result = new Idle(warmUp, seconds).run(console);
        result.table().forEach(console::line);
        json.ifPresent(file -> write(file, result.json()));
    }

    private static void micro() throws RunnerException {
        new Runner(new OptionsBuilder()
                        .include("dev.muster.bench.micro")
                        .addProfiler(GCProfiler.class)
                        .forks(1)
                        .warmupIterations(3)
                        .warmupTime(TimeValue.seconds(2))
                        .measurementIterations(5)
                        .measurementTime(TimeValue.seconds(2))
                        .jvmArgs("-Xmx1g", "-XX:+UseParallelGC", "--enable-native-access=ALL-UNNAMED")
                        .build())
                .run();
    }

    private void drains(BenchServers servers, Workload kind) throws Exception {
        List<Contestant> all = contestants(kind);
        List<DrainResult> results = new ArrayList<>();
        for (int round = 1; round <= rounds; round++) {
            for (Contestant contestant : all) {
                results.add(drain(servers, contestant, kind, round));
            }
        }
        console.line("");
        Report.table(results).forEach(console::line);
        json.ifPresent(file -> write(file, Report.json(about(kind, all), results)));
        chart.ifPresent(file -> write(file, Chart.of(results)));
    }

    private List<Contestant> contestants(Workload kind) {
        List<Contestant> all = contestants.stream().map(Contestant::of).toList();
        if (all.isEmpty()) {
            all = compare ? Contestant.all() : List.of(Contestant.BARE, Contestant.MUSTER);
        }
        if (!kind.isForMusterAlone()) {
            return all;
        }
        if (compare || !contestants.isEmpty()) {
            console.line("only Muster has such jobs; whoever else was named takes no part");
        }
        return all.stream().filter(Contestant::isMuster).toList();
    }

    /** With the defaults of a worker. */
    private void latencies(BenchServers servers, double rate) throws Exception {
        List<Latency.Result> results = new ArrayList<>();
        for (int round = 1; round <= rounds; round++) {
            for (int slowOneIn : new int[] {0, 50}) {
                MusterTrial trial = new MusterTrial(
                        servers,
                        "latency-" + round + "-" + slowOneIn,
                        Workload.NOOP,
                        new MusterTrial.Setup(
                                Optional.empty(), partitions, MusterTrial.Workers.ONE_BY_DEFAULT, Backlog.NONE));
                Latency.Result result = new Latency(servers, warmUp).run(trial, rate, seconds, slowOneIn);
                console.line(result.line());
                results.add(result);
            }
        }
        json.ifPresent(file -> write(
                file,
                Json.MAPPER
                        .writerWithDefaultPrettyPrinter()
                        .writeValueAsString(
                                results.stream().map(Latency.Result::json).toList())));
    }

    private DrainResult drain(BenchServers servers, Contestant contestant, Workload kind, int round) throws Exception {
        String name = contestant.wireName() + "-" + round;
        long share = contestant.share(jobs(kind));
        Drain drain = new Drain(servers, profile);
        DrainResult result = drain.run(
                contestant.wireName(),
                contestant.trial(
                        servers,
                        name,
                        kind,
                        share,
                        new Contestant.Setup(partitions, workers(kind), new Backlog(history, waiting))),
                kind,
                share);
        console.line(Report.line(result));
        drain.profile().forEach(console::line);
        return result;
    }

    private long jobs(Workload kind) {
        return wantedJobs.orElse(kind.jobs());
    }

    private MusterTrial.Workers workers(Workload kind) {
        MusterTrial.Workers made = kind.workers();
        return made.withSlots(slots.orElse(made.slots())).withLanes(lanes.orElse(made.lanes()));
    }

    private Map<String, Object> about(Workload kind, List<Contestant> all) {
        Map<String, Object> about = new LinkedHashMap<>();
        about.put("workload", kind.wireName());
        about.put("jobs", jobs(kind));
        about.put("partitions", partitions);
        about.put("slots", workers(kind).slots());
        about.put("lanes", workers(kind).lanes());
        about.put("backlog", new Backlog(history, waiting));
        about.put("processors", Runtime.getRuntime().availableProcessors());
        about.put("java", Runtime.version().toString());
        about.put("postgres", BenchServers.POSTGRES);
        about.put("kafka", BenchServers.KAFKA);
        about.put("contestants", all.stream().map(Contestant::wireName).toList());
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
