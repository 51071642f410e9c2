package dev.muster.supervision;

/** A child as its supervisor sees it. */
public record Child(ChildSpec spec, Status status) {

    /** Whether there is a process. */
    public sealed interface Status {

        /** There is; it may have ended without the supervisor knowing yet. */
        record Running(Pid pid) implements Status {}

        /** A restart of it has failed and will be tried again. */
        record Restarting() implements Status {}

        /** There is none and will be none unless somebody asks. It ended, was terminated, or its start said ignore. */
        record Undefined() implements Status {}
    }

    public String id() {
        return spec.id();
    }

    boolean isRunningAs(Pid pid) {
        return status.equals(new Status.Running(pid));
    }
}
