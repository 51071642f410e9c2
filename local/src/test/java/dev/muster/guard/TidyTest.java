package dev.muster.guard;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/**
 * Habits of the house as failing tests. An exception stands in an allow-list with its reason, and falls when it is not
 * needed any more.
 */
class TidyTest {
    private static final Pattern SLEEP =
            Pattern.compile("\\bThread\\.sleep\\(|\\bTimeUnit\\.\\w+\\.sleep\\(|\\bparkNanos\\(|\\bparkUntil\\(");
    private static final Pattern CLOCK = Pattern.compile(
            "\\bcurrentTimeMillis\\(|\\bnanoTime\\(|\\b(Instant|LocalDate|LocalDateTime|LocalTime|OffsetDateTime"
                    + "|ZonedDateTime|Year|YearMonth)\\.now\\(|\\bClock\\.system|\\bnew Date\\(\\)");
    private static final Pattern STACK_TRACE = Pattern.compile("\\bprintStackTrace\\(");
    private static final Pattern TO_BE_DONE = Pattern.compile("\\b(TODO|FIXME|XXX)\\b");
    private static final Pattern EMPTY_CATCH = Pattern.compile("\\bcatch\\s*\\([^)]*\\)\\s*\\{\\s*\\}");
    private static final int LONGEST_FILE = 400;

    /** Loops that pause between two rounds, and waits for what can't tell. Nothing here orders two threads. */
    private static final Map<String, String> MAY_SLEEP = Map.ofEntries(
            Map.entry("worker/src/main/java/dev/muster/worker/Worker.java", "looks whether the lanes are drained"),
            Map.entry("worker/src/main/java/dev/muster/worker/WorkerMain.java", "backs off while Postgres is away"),
            Map.entry("worker/src/main/java/dev/muster/worker/trust/TrustWindow.java", "reads its row at an interval"),
            Map.entry("worker/src/main/java/dev/muster/worker/poll/Intake.java", "backs off while Kafka has trouble"),
            Map.entry("worker/src/main/java/dev/muster/worker/heartbeat/Heartbeats.java", "beats at an interval"),
            Map.entry("worker/src/main/java/dev/muster/worker/heartbeat/Commands.java", "backs off without a topic"),
            Map.entry(
                    "coordinator/src/main/java/dev/muster/coordinator/recovery/Recovery.java",
                    "backs off while Postgres can't be told of a fence"),
            Map.entry(
                    "shared/src/main/java/dev/muster/kafka/TopicAdmin.java",
                    "asks whether a broker has heard of a new topic; nothing tells of it"),
            Map.entry("local/src/main/java/dev/muster/local/crash/CrashHandler.java", "a job that runs for a while"),
            Map.entry(
                    "local/src/main/java/dev/muster/local/cli/QueueGrowCommand.java",
                    "looks how far a growth is; nothing tells of it"),
            Map.entry(
                    "bench/src/main/java/dev/muster/bench/Pause.java",
                    "looks whether a run is over; keeps to a timetable of submissions"),
            Map.entry("worker/src/test/java/dev/muster/worker/PauseHandler.java", "a job whose work is to take time"),
            Map.entry("worker/src/test/java/dev/muster/worker/FlakyHandler.java", "a job whose work is to take time"),
            Map.entry(
                    "embedded/src/main/java/dev/muster/embedded/Processes.java",
                    "no event tells that a process that is not a child has ended"));

    private static final Map<String, String> MAY_READ_CLOCKS = Map.of(
            "embedded/src/main/java/dev/muster/embedded/Processes.java",
            "monotonic, bounds a wait for a process; embedded knows nothing of dev.muster.time",
            "embedded/src/main/java/dev/muster/embedded/Readiness.java",
            "monotonic, bounds a start; embedded knows nothing of dev.muster.time");

    private static final Map<String, String> MAY_BE_LONG = Map.of(
            "worker/src/test/java/dev/muster/worker/InterleavingIT.java",
            "the interleavings that real processes drive, side by side as docs/protocol-tests.md lists them",
            "worker/src/test/java/dev/muster/worker/WorkerStack.java",
            "the one fixture of all worker processes: start, hit, look and clean up");

    @Test
    void all_modules_are_read() {
        List<JavaSource> sources = JavaSource.all();

        assertThat(sources).hasSizeGreaterThan(200);
        assertThat(sources.stream().map(s -> s.path().substring(0, s.path().indexOf('/'))))
                .contains("shared", "worker", "coordinator", "embedded", "local");
    }

    @Test
    void nothing_sleeps_but_what_may() {
        hold(findings(JavaSource.all(), SLEEP), MAY_SLEEP, "wait for a signal, a condition or Awaitility instead");
    }

    @Test
    void only_the_time_package_reads_the_clocks() {
        List<JavaSource> main = JavaSource.all().stream()
                .filter(JavaSource::isMain)
                .filter(s -> !s.path().contains("/dev/muster/time/"))
                .toList();

        hold(findings(main, CLOCK), MAY_READ_CLOCKS, "take a dev.muster.time.Ticker instead");
    }

    @Test
    void no_stack_trace_is_printed() {
        hold(findings(JavaSource.all(), STACK_TRACE), Map.of(), "log the exception instead");
    }

    @Test
    void nothing_is_left_to_be_done() {
        List<Finding> findings = new ArrayList<>();
        for (JavaSource source : JavaSource.all()) {
            for (JavaSource.Piece comment : source.comments()) {
                Matcher matcher = TO_BE_DONE.matcher(comment.text());
                while (matcher.find()) {
                    findings.add(new Finding(source, comment.offset() + matcher.start(), matcher.group()));
                }
            }
        }

        hold(findings, Map.of(), "do it, or write an issue");
    }

    @Test
    void no_exception_is_swallowed_without_a_word() {
        hold(emptyCatches(JavaSource.all()), Map.of(), "handle it, or say in a comment why nothing is to be done");
    }

    @Test
    void files_are_short_enough_to_be_read() {
        List<Finding> findings = JavaSource.all().stream()
                .filter(s -> s.lines() > LONGEST_FILE)
                .map(s -> new Finding(s, 0, s.lines() + " lines"))
                .toList();

        hold(findings, MAY_BE_LONG, "more than " + LONGEST_FILE + " lines: find the second thing in it");
    }

    @Test
    void planted_offences_are_found() {
        JavaSource source = JavaSource.of("x/src/main/java/A.java", """
                void a() throws Exception {
                    Thread.sleep(1); TimeUnit.SECONDS.sleep(1); LockSupport.parkNanos(1);
                    System.nanoTime(); System.currentTimeMillis(); Instant.now(); // Instant.now() in a comment
                    try { b("Thread.sleep("); } catch (Exception e) { }
                    try { b(""); } catch (Exception e) { /* known */ }
                    e.printStackTrace();
                }
                """);
        List<JavaSource> one = List.of(source);

        assertThat(findings(one, SLEEP)).hasSize(3);
        assertThat(findings(one, CLOCK)).hasSize(3);
        assertThat(findings(one, STACK_TRACE)).hasSize(1);
        assertThat(emptyCatches(one))
                .extracting(f -> f.source().line(f.offset()))
                .containsExactly(4);
    }

    /** A place that breaks a rule. */
    private record Finding(JavaSource source, int offset, String what) {
        @Override
        public String toString() {
            return source.path() + ":" + source.line(offset) + ": " + what;
        }
    }

    private static List<Finding> findings(List<JavaSource> sources, Pattern pattern) {
        List<Finding> findings = new ArrayList<>();
        for (JavaSource source : sources) {
            Matcher matcher = pattern.matcher(source.code());
            while (matcher.find()) {
                findings.add(new Finding(source, matcher.start(), matcher.group()));
            }
        }
        return findings;
    }

    private static List<Finding> emptyCatches(List<JavaSource> sources) {
        return findings(sources, EMPTY_CATCH).stream()
                .filter(f -> f.source().comments().stream()
                        .noneMatch(c -> c.offset() > f.offset()
                                && c.offset() < f.offset() + f.what().length()))
                .toList();
    }

    private static void hold(List<Finding> findings, Map<String, String> allowed, String instead) {
        Set<String> needed = new HashSet<>();
        findings.forEach(f -> needed.add(f.source().path()));
        Set<String> idle = new TreeSet<>(allowed.keySet());
        idle.removeAll(needed);

        assertThat(findings.stream().filter(f -> !allowed.containsKey(f.source().path())))
                .as(instead)
                .isEmpty();
        assertThat(idle).as("allowed, but no longer needed").isEmpty();
    }
}
