package dev.muster.supervision;

import dev.muster.supervision.SupervisionTree.Member;
import dev.muster.supervision.SupervisionTree.Outcome;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/** One scenario that OTP's supervisor was put through, played to a {@link SupervisionTree}. */
final class OtpScenario {
    private static final JsonNodeFactory JSON = JsonNodeFactory.instance;

    private final JsonNode scenario;
    private final SupervisionTree tree;

    OtpScenario(JsonNode scenario) {
        this.scenario = scenario;
        Map<String, SupervisorSpec> below = new HashMap<>();
        SupervisorSpec root = supervisor(scenario, below);
        this.tree = new SupervisionTree(root, below);
    }

    /** What happens, in the form of what was measured: {@code boot}, {@code expect} and {@code final_shutdown}. */
    JsonNode play() {
        ObjectNode played = JSON.objectNode();
        played.set("boot", state());
        ArrayNode steps = played.putArray("expect");
        for (JsonNode step : scenario.required("steps")) {
            ObjectNode line = steps.addObject();
            line.set("step", step);
            line.put("reply", tree.end().isPresent() ? "skipped" : reply(step));
            line.set("after_step", state());
        }
        tree.shutdown();
        played.set("final_shutdown", events());
        return played;
    }

    // From JSON

    private static SupervisorSpec supervisor(JsonNode node, Map<String, SupervisorSpec> below) {
        List<ChildSpec> children = new ArrayList<>();
        for (JsonNode child : node.required("children")) {
            children.add(child(child));
            if (child.has("children")) {
                below.put(text(child, "id"), supervisor(child, below));
            }
        }
        SupervisorFlags flags = new SupervisorFlags(
                Strategy.valueOf(upper(text(node, "strategy"))),
                node.required("intensity").asInt(),
                Duration.ofSeconds(node.required("period_s").asLong()),
                AutoShutdown.valueOf(upper(node.path("auto_shutdown").asString("never"))));
        return new SupervisorSpec(flags, children);
    }

    private static ChildSpec child(JsonNode node) {
        ChildType type = ChildType.valueOf(upper(text(node, "type")));
        return new ChildSpec(
                text(node, "id"),
                Restart.valueOf(upper(text(node, "restart"))),
                node.path("significant").asBoolean(false),
                Shutdown.defaultOf(type),
                type);
    }

    private String reply(JsonNode step) {
        return switch (text(step, "op")) {
            case "kill" -> tree.kill(text(step, "id")) ? "ok" : "not_running";
            case "exit" -> tree.exit(text(step, "id"), exitReason(text(step, "reason"))) ? "ok" : "not_running";
            case "start_child" -> call(new Request.StartChild(child(step.required("child"))));
            case "terminate_child" -> call(new Request.TerminateChild(text(step, "id")));
            case "restart_child" -> call(new Request.RestartChild(text(step, "id")));
            case "delete_child" -> call(new Request.DeleteChild(text(step, "id")));
            case "fail_starts" -> plan(step, Outcome.FAILS);
            case "ignore_starts" -> plan(step, Outcome.IGNORES);
            case "wait_ms" -> {
                tree.pass(Duration.ofMillis(step.required("ms").asLong()));
                yield "none";
            }
            default -> throw new IllegalArgumentException("unknown step: " + step);
        };
    }

    private static ExitReason exitReason(String name) {
        return switch (name) {
            case "normal" -> new ExitReason.Normal();
            case "shutdown" -> new ExitReason.Shutdown();
            default -> new ExitReason.Crash(name);
        };
    }

    private String plan(JsonNode step, Outcome outcome) {
        tree.plan(text(step, "id"), outcome, step.required("times").asInt());
        return "none";
    }

    private String call(Request request) {
        return switch (tree.call(request)) {
            case Reply.Ok _, Reply.Started _, Reply.Ignored _ -> "ok";
            case Reply.StartFailed _ -> "error";
            case Reply.AlreadyStarted _ -> "already_started";
            case Reply.Refused(Reply.Refusal why) -> lower(why);
            case Reply.Spec _, Reply.Listed _, Reply.Counted _ ->
                throw new IllegalStateException("not asked: " + request);
        };
    }

    // To JSON

    private ObjectNode state() {
        ObjectNode state = JSON.objectNode();
        state.set("events", events());
        state.put("supervisor", tree.end().isPresent() ? "down" : "up");
        state.put("reason", tree.end().map(OtpScenario::name).orElse("none"));
        state.set("children", tree.end().isPresent() ? JSON.arrayNode() : children(tree.members()));
        return state;
    }

    private ArrayNode events() {
        ArrayNode events = JSON.arrayNode();
        for (TraceEvent event : tree.takeTrace()) {
            ObjectNode line = events.addObject();
            line.put("event", lower(event.kind()));
            line.put("id", event.id());
            if (event.incarnation() > 0) {
                line.put("incarnation", event.incarnation());
            }
            if (event.kind() == TraceEvent.Kind.STOP) {
                line.put("reason", "shutdown");
            }
        }
        return events;
    }

    private static ArrayNode children(List<Member> members) {
        ArrayNode children = JSON.arrayNode();
        for (Member member : members) {
            ObjectNode child = children.addObject();
            switch (member) {
                case Member.Working(String id, int incarnation) ->
                    child.put("id", id).put("state", "running").put("incarnation", incarnation);
                case Member.Supervising(String id, List<Member> below) ->
                    child.put("id", id).put("state", "running").set("children", children(below));
                case Member.Stopped(String id) -> child.put("id", id).put("state", "stopped");
            }
        }
        return children;
    }

    private static String name(ExitReason reason) {
        return switch (reason) {
            case ExitReason.Normal _ -> "normal";
            case ExitReason.Shutdown _, ExitReason.ShutdownBecause _, ExitReason.FailedToStartChild _ -> "shutdown";
            case ExitReason.Killed _ -> "killed";
            case ExitReason.Crash(String description) -> description;
        };
    }

    private static String text(JsonNode node, String field) {
        return node.required(field).asString();
    }

    private static String upper(String name) {
        return name.toUpperCase(Locale.ROOT);
    }

    private static String lower(Enum<?> constant) {
        return constant.name().toLowerCase(Locale.ROOT);
    }
}
