package dev.muster.docs;

import static dev.muster.docs.GeneratedPage.code;
import static dev.muster.docs.GeneratedPage.row;
import static org.assertj.core.api.Assertions.assertThat;

import dev.muster.config.Setting;
import dev.muster.telemetry.MeterName;
import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class DocsTest {

    @Test
    void config_page_is_that_of_the_code() {
        GeneratedPage.verify("config.md", config());
    }

    @Test
    void metrics_page_is_that_of_the_code() {
        GeneratedPage.verify("metrics.md", metrics());
    }

    @Test
    void pages_name_everything() {
        assertThat(config().lines().filter(l -> l.startsWith("| `muster."))).hasSize(Setting.values().length);
        assertThat(metrics().lines().filter(l -> l.startsWith("| `muster_"))).hasSize(MeterName.values().length);
    }

    private static String config() {
        StringBuilder text = new StringBuilder("""
                # Settings

                Generated from `Setting`; a test keeps this page true.

                Later sources win: defaults, `muster.properties`, environment variables, the command line. An unknown key
                stops the start. Durations are a whole number and a unit: `250ms`, `3s`, `5m`, `2h`, `7d`. For each
                variable, the one with `_FILE` appended names a file that has the value: use it for what is marked secret.
                Keys under `muster.kafka.client.` (variables `MUSTER_KAFKA_CLIENT_…`, with `_` for each dot) go to every
                Kafka client as they are.

                """);
        text.append(row("Key", "Environment variable", "Default", "Meaning")).append(row("---", "---", "---", "---"));
        for (Setting setting : Setting.values()) {
            text.append(row(
                    code(setting.key()),
                    code(setting.environmentName()),
                    code(setting.defaultValue()),
                    setting.help() + (setting.isSecret() ? " (secret)" : "")));
        }
        return text.toString();
    }

    private static String metrics() {
        StringBuilder text = new StringBuilder("""
                # Metrics

                Generated from `MeterName`; a test keeps this page true. Names as Prometheus has them. A timer is a
                histogram: to its name come `_bucket`, `_sum`, `_count` and, for the recent maximum, `_max`.

                """);
        text.append(row("Name", "Type", "Unit", "Tags", "Meaning")).append(row("---", "---", "---", "---", "---"));
        for (MeterName meter : MeterName.values()) {
            text.append(row(
                    code(meter.prometheusName()),
                    meter.type().name().toLowerCase(Locale.ROOT),
                    meter.unit(),
                    meter.tags().stream().map(GeneratedPage::code).collect(Collectors.joining(", ")),
                    meter.help()));
        }
        return text.toString();
    }

    @Test
    void a_cell_with_a_bar_stays_one_cell() {
        assertThat(row("a|b", "c")).isEqualTo("| a\\|b | c |\n");
        assertThat(Arrays.asList(code(""), code("x"))).containsExactly("", "`x`");
    }
}
