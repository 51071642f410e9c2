package dev.muster.store;

import java.util.Locale;

/** What becomes of a dead letter that is to be redriven. */
public enum RedriveVerdict {
    REDRIVEN("runs again"),
    ALREADY("somebody has redriven it already"),
    GONE("there is no such dead letter (any more)"),
    UNFINISHED("a job of that id waits or runs"),
    NOT_UNIQUE("an unfinished job has its unique key"),
    SUPERSEDED("the job has become final since, in another way"),
    DUPLICATE("the same was submitted again meanwhile"),
    IDENTITY_CONFLICT("its id belongs to another payload"),
    UNREADABLE("it can't be read as a job: submit it anew"),
    PAST_DEADLINE("its deadline has passed; redrive it with force if it is to run nevertheless"),
    TOO_OFTEN("it was redriven too often; find out why it dies, or use force"),
    OPEN_CALL("nobody knows what a call of it came to, so it can't be edited"),
    ANSWERED_CALL(
            "a call of it was answered; edited, it makes the call again under a new key: look what the call did first");

    private final String meaning;

    RedriveVerdict(String meaning) {
        this.meaning = meaning;
    }

    /** For a human. */
    public String meaning() {
        return meaning;
    }

    /** As Postgres and the HTTP API have it. */
    public String wireName() {
        return name().toLowerCase(Locale.ROOT);
    }

    static RedriveVerdict parse(String wireName) {
        return valueOf(wireName.toUpperCase(Locale.ROOT));
    }
}
