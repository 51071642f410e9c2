package dev.muster.local.submit;

import dev.muster.protocol.Submission;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BiConsumer;
import java.util.function.LongFunction;

/**
 * Lines of jobs, counted: what was sent, what was refused and where. Thread-safe: answers come on the producer's thread.
 */
public final class BatchSubmission {
    /** So many bad lines are named; more are only counted. */
    private static final int NAMED = 20;

    private final SubmissionLine.Defaults defaults;
    private final AtomicLong acknowledged = new AtomicLong();
    private final List<String> problems = new ArrayList<>();
    private long problemCount;

    public BatchSubmission(SubmissionLine.Defaults defaults) {
        this.defaults = defaults;
    }

    /**
     * Reads all lines and hands over each job with its line number. Empty lines are skipped, bad ones noted.
     *
     * @throws UncheckedIOException if the lines can't be read to their end
     */
    public void read(BufferedReader lines, BiConsumer<Long, Submission> to) {
        try {
            ParsedLines.read(lines, line -> SubmissionLine.parse(line, defaults), line -> {
                switch (line.value()) {
                    case SubmissionLine.Parsed.Good(Submission submission) -> to.accept(line.number(), submission);
                    case SubmissionLine.Parsed.Bad(String problem) -> note("line " + line.number() + ": " + problem);
                }
            });
        } catch (IOException e) {
            throw new UncheckedIOException("can't read the jobs", e);
        }
    }

    /** Sends jobs and counts Kafka's answers. */
    public BiConsumer<Long, Submission> sending(Submitter submitter) {
        LongFunction<org.apache.kafka.clients.producer.Callback> answer = number -> (_, failure) -> {
            if (failure == null) {
                acknowledged.incrementAndGet();
            } else {
                note("line " + number + ": Kafka did not take it: " + failure.getMessage());
            }
        };
        return (number, submission) -> submitter.send(submission, answer.apply(number));
    }

    /** How many jobs Kafka has on all its replicas. */
    public long acknowledged() {
        return acknowledged.get();
    }

    public synchronized boolean isClean() {
        return problemCount == 0;
    }

    /** The first bad lines, and how many more there are. */
    public synchronized List<String> problems() {
        List<String> named = new ArrayList<>(problems);
        if (problemCount > problems.size()) {
            named.add("… and " + (problemCount - problems.size()) + " more");
        }
        return named;
    }

    private synchronized void note(String problem) {
        problemCount++;
        if (problems.size() < NAMED) {
            problems.add(problem);
        }
    }
}
