package dev.muster.simulation;

import dev.muster.job.JobId;
import java.util.HashMap;
import java.util.Map;

/** The service outside: what it has answered for a key, it answers again; what it has not done leaves no trace. */
final class Provider {
    private final World world;
    private final Rules rules;
    private final Map<String, Answer> answers = new HashMap<>();

    Provider(World world, Rules rules) {
        this.world = world;
        this.rules = rules;
    }

    enum Answer {
        CHARGED,
        DECLINED,
        /** It has refused the request before doing anything. */
        NOTHING_DONE
    }

    Answer call(JobId job, String key, Script script) {
        Answer known = answers.get(key);
        if (known != null) {
            return known;
        }
        if (world.chance(script.refusals())) {
            return Answer.NOTHING_DONE;
        }
        Answer answer = script.declined() ? Answer.DECLINED : Answer.CHARGED;
        answers.put(key, answer);
        if (answer == Answer.CHARGED) {
            world.note(() -> "job " + job + " is charged");
            rules.charged(job);
        }
        return answer;
    }
}
