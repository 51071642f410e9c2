package dev.muster.fleet;

import java.util.regex.Pattern;

/**
 * One life of a worker process, such as {@code worker-7.42}: what owns jobs, what is fenced. A number is never used
 * twice. It is also the process's Kafka {@code group.instance.id} and its {@code application_name} in Postgres, which
 * set its alphabet and length.
 *
 * @param id letters, digits, {@code _ -}, then a dot and the number; at most 63 bytes
 */
public record Incarnation(String id) implements Comparable<Incarnation> {
    private static final Pattern FORM = Pattern.compile("[a-zA-Z0-9][a-zA-Z0-9_-]*\\.[0-9]+");

    public Incarnation {
        if (id.length() > 63 || !FORM.matcher(id).matches()) {
            throw new IllegalArgumentException(
                    "an incarnation is a worker's name, a dot and a number, at most 63 characters: " + id);
        }
    }

    public String worker() {
        return id.substring(0, id.lastIndexOf('.'));
    }

    /** From 1, rising with every life of the worker. */
    public int number() {
        return Integer.parseInt(id.substring(id.lastIndexOf('.') + 1));
    }

    @Override
    public int compareTo(Incarnation other) {
        return id.compareTo(other.id);
    }

    @Override
    public String toString() {
        return id;
    }
}
