package dev.muster.local.drill;

/** What is measured of a round, in milliseconds. All but {@link #RESUME} count from the injection. */
enum Figure {
    DETECT("detect_ms", "detect", "the coordinator took the victim for dead"),
    FENCE("fence_ms", "fence", "the victim's fence stood"),
    REASSIGN("reassign_ms", "reassign", "the last of the victim's partitions had another owner"),
    RECOVERY("recovery_ms", "first job", "the handler of the first interrupted job was entered elsewhere"),
    ALL_RUNNING("all_running_ms", "last job", "the handler of the last interrupted job was entered elsewhere"),
    BACKLOG("backlog_ms", "backlog", "no more jobs were unfinished than in the seconds before"),
    RESUME("resume_ms", "resume", "from a server's return until a job that came after the fault was claimed"),
    BACK("back_ms", "back", "somebody led the fleet again"),
    CONVICTED("convicted_ms", "convicted", "the job that kills its workers was dead and named"),
    WAIT(
            "wait_ms",
            "wait",
            "the longest that a job waited, beyond its own run time, for anything but its turn in its key");

    private final String key;
    private final String title;
    private final String meaning;

    Figure(String key, String title, String meaning) {
        this.key = key;
        this.title = title;
        this.meaning = meaning;
    }

    /** Its name in the JSON. */
    String key() {
        return key;
    }

    /** Its column's head. */
    String title() {
        return title;
    }

    /** The moment up to which it counts, in words. */
    String meaning() {
        return meaning;
    }
}
