package dev.muster.local.drill;

import dev.muster.config.Setting;
import dev.muster.config.Settings;
import dev.muster.local.CommandException;
import dev.muster.local.Console;
import dev.muster.local.StopRequest;
import dev.muster.local.stack.StackConfig;
import dev.muster.local.stack.StackException;
import dev.muster.local.trial.Audit;
import dev.muster.local.trial.Evidence;
import dev.muster.supervision.runtime.SupervisionEvent;
import dev.muster.time.Ticker;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/** One fault with all its rounds, each of its ways on a stack of its own. Not thread-safe. */
final class FaultRun {
    private final FaultKind kind;
    private final DrillConfig config;
    private final Settings settings;
    private final Console console;
    private final StopRequest stop;
    private final Ticker ticker;
    private final List<RoundResult> results = new ArrayList<>();
    private final List<Audit> audits = new ArrayList<>();
    private final List<String> failures = new ArrayList<>();

    FaultRun(FaultKind kind, DrillConfig config, Settings settings, Console console, StopRequest stop, Ticker ticker) {
        this.kind = kind;
        this.config = config;
        this.settings = settings;
        this.console = console;
        this.stop = stop;
        this.ticker = ticker;
    }

    /** Runs it in folders below this one. What can't be carried through is a failure of this fault; the others go on. */
    FaultReport run(Path folder) {
        console.line("");
        console.line(kind.wireName() + ": " + kind.what());
        for (int way = 0; way < kind.ways().size(); way++) {
            try {
                run(kind.ways().get(way), folder.resolve(kind.wireName() + "-" + (way + 1)));
            } catch (CommandException | StackException e) {
                if (stop.isAsked()) {
                    throw e;
                }
                failures.add(e.getMessage());
            }
        }
        List<Bound> bounds = kind.bounds().stream()
                .map(bound -> bound.stretched(config.boundsFactor()))
                .toList();
        return new FaultReport(kind, config.rounds(), bounds, results, audits, failures);
    }

    private void run(Fault fault, Path folder) {
        StackConfig own = new StackConfig(
                folder,
                settings.with(Setting.COORDINATOR_PORT, "0"),
                config.workers(),
                StackConfig.defaultQueues(),
                StackConfig.Ports.ANY);
        try (DrillStack stack = DrillStack.start(fault, own, config, console, stop, ticker)) {
            stack.pause(config.warmUp().minus(DrillConfig.CALM));
            List<Injection> injections = inject(fault, stack);
            judge(stack, injections);
        }
    }

    private List<Injection> inject(Fault fault, DrillStack stack) {
        List<Injection> injections = new ArrayList<>();
        for (int round = 1; round <= config.rounds(); round++) {
            stack.awaitWhole();
            stack.await("a backlog as it was", DrillStack.LIMIT, stack::isCalm);
            stack.pause(DrillConfig.CALM);
            stack.check();
            console.line("  round " + round + " of " + config.rounds());
            injections.add(fault.inject(stack));
        }
        stack.awaitWhole();
        stack.pause(DrillConfig.CALM);
        return injections;
    }

    private void judge(DrillStack stack, List<Injection> injections) {
        Instant end = ticker.now();
        List<Evidence.Kill> kills = injections.stream()
                .flatMap(injection ->
                        injection.victims().stream().map(victim -> new Evidence.Kill(victim, injection.at())))
                .toList();
        Records records = stack.testify(kills);
        audits.add(Audit.of(records.evidence(), 0));
        Figures figures = new Figures(records);
        for (int i = 0; i < injections.size(); i++) {
            Instant until = i + 1 < injections.size() ? injections.get(i + 1).at() : end;
            RoundResult result = figures.of(new Round(injections.get(i), until), kind.figures());
            results.add(result);
            console.line("  round " + (i + 1) + ": " + words(result));
            result.notes().forEach(note -> console.line("    " + note));
        }
        failures.addAll(escalations(stack, records));
    }

    /** A drill must never bring a supervisor to give up: what follows then is another story. */
    private static List<String> escalations(DrillStack stack, Records records) {
        List<String> found = new ArrayList<>();
        stack.heard().forEach(heard -> {
            if (heard.event() instanceof SupervisionEvent.Escalated(String path, String child)) {
                found.add("supervisor " + path + " gave up because of " + child);
            }
        });
        records.incidents().stream()
                .filter(incident -> incident.kind().equals("pool_given_up"))
                .forEach(incident -> found.add(incident.summary()));
        return found;
    }

    private static String words(RoundResult result) {
        Map<Figure, Long> figures = result.figures();
        String times = Arrays.stream(Figure.values())
                .filter(figures::containsKey)
                .map(figure -> String.format(Locale.ROOT, "%s %,d ms", figure.title(), figures.get(figure)))
                .collect(Collectors.joining(", "));
        String jobs = result.interrupted() == 0 ? "" : "; " + result.interrupted() + " jobs interrupted";
        String wrong = result.violations().isEmpty() ? "" : "; " + String.join("; ", result.violations());
        return times + jobs + wrong;
    }
}
