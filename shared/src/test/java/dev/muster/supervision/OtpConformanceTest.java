package dev.muster.supervision;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.DynamicContainer;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Our supervisor does what Erlang/OTP's does. The scenarios and their traces were measured on OTP 25; those in another
 * folder are played with {@code -Dmuster.otp.vectors=<folder>}.
 */
class OtpConformanceTest {
    private static final List<String> MEASURED = List.of("boot", "expect", "final_shutdown");

    @TestFactory
    List<DynamicContainer> does_what_otp_does() throws IOException, URISyntaxException {
        try (Stream<Path> files = Files.list(folder())) {
            List<Path> vectors = files.filter(file -> file.toString().endsWith(".json"))
                    .sorted()
                    .toList();
            assertThat(vectors).isNotEmpty();
            return vectors.stream().map(OtpConformanceTest::scenariosOf).toList();
        }
    }

    private static Path folder() throws URISyntaxException {
        String folder = System.getProperty("muster.otp.vectors");
        if (folder != null) {
            return Path.of(folder);
        }
        URL resources = Objects.requireNonNull(OtpConformanceTest.class.getResource("/otp"));
        return Path.of(resources.toURI());
    }

    private static DynamicContainer scenariosOf(Path file) {
        JsonNode scenarios = JsonMapper.shared().readTree(file.toFile());
        assertThat(scenarios.size()).as("scenarios in %s", file).isPositive();
        return DynamicContainer.dynamicContainer(
                file.getFileName().toString(),
                StreamSupport.stream(scenarios.spliterator(), false).map(OtpConformanceTest::test));
    }

    private static DynamicTest test(JsonNode scenario) {
        return DynamicTest.dynamicTest(scenario.required("name").asString(), () -> {
            JsonNode played = new OtpScenario(scenario).play();

            for (String part : MEASURED) {
                assertThat((Object) played.required(part)).as(part).isEqualTo(scenario.required(part));
            }
        });
    }
}
