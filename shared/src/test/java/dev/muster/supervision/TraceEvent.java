package dev.muster.supervision;

/**
 * Something that happened to a child of a {@link SupervisionTree}.
 *
 * @param incarnation the child's successful starts so far, or 0 where the event is about no life of it
 */
record TraceEvent(Kind kind, String id, int incarnation) {
    enum Kind {
        START,
        STOP,
        START_FAILED,
        START_IGNORED,
        START_SUPERVISOR
    }

    @Override
    public String toString() {
        return switch (kind) {
            case START -> "start " + id + "." + incarnation;
            case STOP -> "stop " + id + "." + incarnation;
            case START_FAILED -> id + " fails";
            case START_IGNORED -> id + " ignores";
            case START_SUPERVISOR -> "supervisor " + id;
        };
    }
}
