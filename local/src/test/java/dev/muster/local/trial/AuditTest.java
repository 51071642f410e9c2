package dev.muster.local.trial;

import static org.assertj.core.api.Assertions.assertThat;

import dev.muster.job.JobId;
import dev.muster.job.JobState;
import dev.muster.store.AuditReader;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class AuditTest {
    private static final Instant START = Instant.parse("2026-11-22T12:00:00Z");

    private final Books books = new Books();

    @Test
    void each_job_final_once_and_each_success_charged_once_is_ok() {
        books.succeeded(1).succeeded(2).declined(3);

        Audit audit = books.audit();

        assertThat(audit.violations()).isEmpty();
        assertThat(audit.in(JobState.SUCCEEDED)).isEqualTo(2);
        assertThat(audit.in(JobState.DECLINED)).isEqualTo(1);
        assertThat(audit.charges()).isEqualTo(2);
        assertThat(audit.lost()).isZero();
    }

    @Test
    void a_lost_job_fails() {
        books.succeeded(1).submitted(2);

        assertThat(books.audit().lost()).isEqualTo(1);
        assertThat(books.audit().violations()).singleElement().asString().startsWith("Lost (1): job " + Books.id(2));
    }

    @Test
    void an_unfinished_job_fails_and_counts_as_lost() {
        books.submitted(1).unfinished(1, JobState.RUNNING);

        assertThat(books.audit().lost()).isEqualTo(1);
        assertThat(books.audit().violations()).singleElement().asString().startsWith("Not final (1)");
    }

    @Test
    void a_job_of_unknown_outcome_fails_and_is_told_apart_from_a_lost_one() {
        books.submitted(1).unfinished(1, JobState.UNKNOWN);

        assertThat(books.audit().unknown()).isEqualTo(1);
        assertThat(books.audit().lost()).isZero();
        assertThat(books.audit().isOk()).isFalse();
    }

    @Test
    void a_job_finished_twice_fails() {
        books.succeeded(1).row(1, JobState.SUCCEEDED);

        assertThat(books.audit().violations()).singleElement().asString().startsWith("In the history twice (1)");
    }

    @Test
    void a_final_job_that_still_stands_elsewhere_fails() {
        books.succeeded(1).unfinished(1, JobState.RETRYING);

        assertThat(books.audit().violations()).anyMatch(v -> v.startsWith("Final and unfinished at once (1)"));
    }

    @Test
    void a_doubled_charge_fails() {
        books.succeeded(1).charge(1);

        assertThat(books.audit().duplicateCharges()).isEqualTo(1);
        assertThat(books.audit().charges()).isEqualTo(2);
        assertThat(books.audit().violations()).singleElement().asString().startsWith("Charged more than once (1)");
    }

    @Test
    void a_success_that_nobody_charged_fails() {
        books.submitted(1).row(1, JobState.SUCCEEDED);

        assertThat(books.audit().violations()).singleElement().asString().startsWith("Succeeded, but never charged");
    }

    @Test
    void a_charge_for_a_declined_job_fails() {
        books.declined(1).charge(1);

        assertThat(books.audit().violations()).singleElement().asString().startsWith("Charged, but not succeeded");
    }

    @Test
    void a_refused_charge_is_none() {
        books.declined(1);
        books.charges.add(new Evidence.Charge("ch_x", Optional.of(Books.id(1).toString()), false));

        assertThat(books.audit().isOk()).isTrue();
        assertThat(books.audit().charges()).isZero();
    }

    @Test
    void a_charge_without_a_job_fails() {
        books.succeeded(1);
        books.charges.add(new Evidence.Charge("ch_x", Optional.empty(), true));

        assertThat(books.audit().violations()).singleElement().asString().contains("ch_x");
    }

    @Test
    void a_job_that_nobody_submitted_fails() {
        books.row(9, JobState.DEAD);

        assertThat(books.audit().violations()).singleElement().asString().contains("never submitted");
    }

    @Test
    void too_few_kills_fail() {
        books.succeeded(1);

        assertThat(Audit.of(books.evidence(), 1).violations())
                .containsExactly("Too few kills to prove anything (1): 0 of at least 1");
    }

    @Test
    void a_key_in_order_is_ok() {
        books.keyed(1, 10, 0, 100).keyed(2, 11, 100, 200);

        assertThat(books.audit().violations()).isEmpty();
    }

    @Test
    void a_job_that_started_before_the_one_ahead_in_its_key_was_final_fails() {
        books.keyed(1, 10, 0, 100).keyed(2, 11, 99, 200);

        assertThat(books.audit().violations())
                .singleElement()
                .asString()
                .startsWith("Out of order in its key (1): job " + Books.id(2));
    }

    @Test
    void an_interrupted_run_that_started_too_early_fails_too() {
        books.keyed(1, 10, 0, 1000).keyed(2, 11, 1000, 1200);
        books.runs.add(new AuditReader.EndedRun(
                Books.id(2), 1, "w.1", "interrupted", START.plusMillis(500), Optional.of(START.plusMillis(510))));

        assertThat(books.audit().violations()).singleElement().asString().contains("started 490 ms before");
    }

    @Test
    void jobs_of_different_keys_overlap_as_they_like() {
        books.keyed(1, 10, 0, 100);
        books.submitted(2).charge(2);
        books.finals.add(Books.row(Books.id(2), Optional.of("other"), 11, JobState.SUCCEEDED, 50, 60));

        assertThat(books.audit().violations()).isEmpty();
    }

    /** Evidence, put together job by job. */
    private static final class Books {
        private final List<Evidence.Submitted> submitted = new ArrayList<>();
        private final List<AuditReader.FinalJob> finals = new ArrayList<>();
        private final List<AuditReader.UnfinishedJob> unfinished = new ArrayList<>();
        private final List<AuditReader.EndedRun> runs = new ArrayList<>();
        private final List<Evidence.Charge> charges = new ArrayList<>();

        static JobId id(int number) {
            return JobId.of("test", Integer.toString(number));
        }

        static AuditReader.FinalJob row(
                JobId id, Optional<String> key, long offset, JobState state, long enteredMs, long settledMs) {
            Optional<Instant> entered = Optional.of(START.plusMillis(enteredMs));
            return new AuditReader.FinalJob(
                    id, "q", key, offset, state, 1, entered, entered, START, START, START.plusMillis(settledMs));
        }

        Books submitted(int number) {
            submitted.add(new Evidence.Submitted(id(number), "q", Optional.empty()));
            return this;
        }

        Books row(int number, JobState state) {
            finals.add(row(id(number), Optional.empty(), number, state, 0, 100));
            return this;
        }

        Books charge(int number) {
            charges.add(new Evidence.Charge(
                    "ch_" + charges.size(), Optional.of(id(number).toString()), true));
            return this;
        }

        Books succeeded(int number) {
            return submitted(number).row(number, JobState.SUCCEEDED).charge(number);
        }

        Books declined(int number) {
            return submitted(number).row(number, JobState.DECLINED);
        }

        Books keyed(int number, long offset, long enteredMs, long settledMs) {
            finals.add(row(id(number), Optional.of("k"), offset, JobState.SUCCEEDED, enteredMs, settledMs));
            return submitted(number).charge(number);
        }

        Books unfinished(int number, JobState state) {
            unfinished.add(new AuditReader.UnfinishedJob(id(number), state));
            return this;
        }

        Evidence evidence() {
            return new Evidence(submitted, finals, unfinished, runs, charges, List.of());
        }

        Audit audit() {
            return Audit.of(evidence(), 0);
        }
    }
}
