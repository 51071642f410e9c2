package dev.muster.bench;

import dev.muster.bench.handler.NoopHandler;
import dev.muster.bench.handler.WaitHandler;
import dev.muster.bench.trial.MusterTrial;
import dev.muster.config.Settings;
import dev.muster.job.JobId;
import dev.muster.kafka.KafkaClients;
import dev.muster.time.Ticker;
import java.sql.Connection;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * How long it takes from the moment at which a job was to be submitted until its outcome is durable, at a fixed rate. The
 * submitter keeps to its timetable whatever the system does, and each job's time counts from the timetable, not from
 * when it was really sent: so a stall shows in all jobs that it held up (Tene's coordinated omission). The end is
 * Postgres' commit timestamp of the transaction that wrote the outcome, by the same machine's clock.
 */
final class Latency {
    private static final long SLOW_MILLIS = 2_000;

    private final BenchServers servers;
    private final int warmUpSeconds;
    private final Ticker ticker = Ticker.system();

    Latency(BenchServers servers, int warmUpSeconds) {
        this.servers = servers;
        this.warmUpSeconds = warmUpSeconds;
    }

    /**
     * What was measured.
     *
     * @param slowOneIn one job in so many took 2 s, and is not among the figures; 0: none
     * @param millis of the others, sorted
     */
    record Result(double rate, int slowOneIn, double[] millis) {
        double percentile(double p) {
            return millis[(int) Math.min(millis.length - 1L, Math.round(Math.ceil(p / 100 * millis.length)) - 1)];
        }

        String line() {
            return String.format(
                    java.util.Locale.ROOT,
                    "%,.0f jobs/s%s: p50 %.1f ms, p90 %.1f, p99 %.1f, p99.9 %.1f, max %.1f (%,d jobs)",
                    rate,
                    slowOneIn == 0 ? "" : ", one in " + slowOneIn + " takes 2 s",
                    percentile(50),
                    percentile(90),
                    percentile(99),
                    percentile(99.9),
                    millis[millis.length - 1],
                    millis.length);
        }

        Map<String, Object> json() {
            return Map.of(
                    "rate",
                    rate,
                    "slow_one_in",
                    slowOneIn,
                    "jobs",
                    millis.length,
                    "p50_ms",
                    percentile(50),
                    "p90_ms",
                    percentile(90),
                    "p99_ms",
                    percentile(99),
                    "p999_ms",
                    percentile(99.9),
                    "max_ms",
                    millis[millis.length - 1]);
        }
    }

    /** Measures for so many seconds, after a warm-up at the same rate. */
    Result run(MusterTrial trial, double rate, int seconds, int slowOneIn) throws Exception {
        try (trial) {
            trial.prepare();
            trial.standBy();
            trial.start();
            trial.awaitMember();
            int warmUp = (int) (rate * warmUpSeconds);
            int jobs = warmUp + (int) (rate * seconds);
            long[] planned = submit(trial.settings(), trial.queue(), rate, jobs, slowOneIn);
            while (!trial.isDone(jobs)) {
                Pause.millis(100);
            }
            return new Result(rate, slowOneIn, millis(trial.queue(), planned, warmUp, slowOneIn));
        }
    }

    /** When each was to be submitted, in µs since the epoch. */
    private long[] submit(Settings settings, String queue, double rate, int jobs, int slowOneIn)
            throws InterruptedException {
        Load load = new Load(Workload.NOOP, queue);
        long[] planned = new long[jobs];
        try (Producer<byte[], byte[]> producer = producer(settings)) {
            producer.partitionsFor(dev.muster.protocol.Topics.jobs(queue));
            long beganNanos = ticker.nanos();
            var now = ticker.now();
            long beganMicros = TimeUnit.SECONDS.toMicros(now.getEpochSecond()) + now.getNano() / 1_000;
            for (int i = 0; i < jobs; i++) {
                long offset = Math.round(i * 1e9 / rate);
                planned[i] = beganMicros + offset / 1_000;
                for (long left = offset - (ticker.nanos() - beganNanos);
                        left > 0;
                        left = offset - (ticker.nanos() - beganNanos)) {
                    Pause.nanos(left);
                }
                boolean slow = isSlow(i, slowOneIn);
                var _ = producer.send(
                        load.record(queue, i, slow ? WaitHandler.TYPE : NoopHandler.TYPE, slow ? SLOW_MILLIS : 0));
            }
        }
        return planned;
    }

    private double[] millis(String queue, long[] planned, int from, int slowOneIn) throws Exception {
        Map<JobId, Integer> numbers = new HashMap<>();
        for (int i = from; i < planned.length; i++) {
            if (!isSlow(i, slowOneIn)) {
                numbers.put(JobId.of(queue, Integer.toString(i)), i);
            }
        }
        double[] millis = new double[numbers.size()];
        int[] count = {0};
        try (Connection look = servers.connect(queue)) {
            BenchSql.commitTimes(look, (job, micros) -> {
                Integer number = numbers.get(new JobId(job));
                if (number != null) {
                    millis[count[0]++] = (micros - planned[number]) / 1e3;
                }
            });
        }
        if (count[0] != millis.length) {
            throw new IllegalStateException(millis.length - count[0] + " jobs are not in the history");
        }
        Arrays.sort(millis);
        return millis;
    }

    private static boolean isSlow(int number, int slowOneIn) {
        return slowOneIn > 0 && number % slowOneIn == 0;
    }

    /** Sends each record at once: what a submitter that wants an answer soon does. */
    private static Producer<byte[], byte[]> producer(Settings settings) {
        Map<String, Object> config = new HashMap<>(new KafkaClients(settings).common("muster-bench-load"));
        config.put(ProducerConfig.ACKS_CONFIG, "all");
        config.put(ProducerConfig.LINGER_MS_CONFIG, 0);
        config.put(ProducerConfig.MAX_IN_FLIGHT_REQUESTS_PER_CONNECTION, 1);
        return new KafkaProducer<>(config, new ByteArraySerializer(), new ByteArraySerializer());
    }
}
