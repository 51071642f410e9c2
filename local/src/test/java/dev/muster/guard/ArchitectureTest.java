package dev.muster.guard;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchRule;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Who may know whom. The package-infos say the same in words; change both together. */
class ArchitectureTest {
    private static final JavaClasses CLASSES = new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .importPackages("dev.muster");

    /** Fewer than this, and the import has missed a module. */
    private static final int FLOOR = 300;

    /** Administers the server that it starts, not Muster's schema. */
    private static final String SERVER_OWNER = "embedded/src/main/java/dev/muster/embedded/PostgresServer.java";

    private static final Pattern SQL =
            Pattern.compile("\\s*(SELECT|INSERT|UPDATE|DELETE|WITH|MERGE|TRUNCATE)\\s.*", Pattern.DOTALL);

    /**
     * A package of `shared`.
     *
     * @param others what it may know besides itself, the JDK and the nullness annotations
     */
    record Arrows(String name, List<String> others) {
        static Arrows from(String name, String... others) {
            return new Arrows(name, List.of(others));
        }

        String self() {
            return "dev.muster." + name + "..";
        }

        String[] allowed() {
            return Stream.concat(Stream.of(self(), "java..", "org.jspecify.annotations.."), others.stream())
                    .toArray(String[]::new);
        }
    }

    static Stream<Arrows> shared() {
        String job = "dev.muster.job..";
        String fleet = "dev.muster.fleet..";
        String schedule = "dev.muster.schedule..";
        String config = "dev.muster.config..";
        String protocol = "dev.muster.protocol..";
        String meters = "io.micrometer.core..";
        return Stream.of(
                Arrows.from("job"),
                Arrows.from("time"),
                Arrows.from("schedule"),
                Arrows.from("fleet", job),
                Arrows.from("explain", job),
                Arrows.from("supervision", job, fleet, "dev.muster.time.."),
                Arrows.from("config"),
                Arrows.from("telemetry", meters),
                Arrows.from(
                        "protocol",
                        job,
                        fleet,
                        schedule,
                        "org.apache.kafka.clients.producer..",
                        "org.apache.kafka.clients.consumer..",
                        "org.apache.kafka.common.header..",
                        "tools.jackson.."),
                Arrows.from(
                        "store",
                        job,
                        fleet,
                        schedule,
                        "dev.muster.explain..",
                        "dev.muster.supervision..",
                        "dev.muster.time..",
                        config,
                        protocol,
                        meters,
                        "tools.jackson..",
                        "org.postgresql..",
                        "com.zaxxer.hikari..",
                        "org.flywaydb..",
                        "org.slf4j.."),
                Arrows.from("execution", job, protocol, "dev.muster.store..", "tools.jackson.."),
                Arrows.from("testing", job, protocol, "dev.muster.execution..", "dev.muster.store.."),
                Arrows.from(
                        "client",
                        job,
                        config,
                        protocol,
                        "dev.muster.kafka..",
                        "dev.muster.time..",
                        "org.apache.kafka..",
                        "org.slf4j.."),
                Arrows.from(
                        "kafka",
                        job,
                        fleet,
                        config,
                        protocol,
                        "dev.muster.time..",
                        "org.apache.kafka..",
                        "org.slf4j.."));
    }

    @Test
    void all_modules_are_imported() {
        assertThat(CLASSES).hasSizeGreaterThan(FLOOR);
        assertThat(Stream.of(
                        "dev.muster.job",
                        "dev.muster.store",
                        "dev.muster.worker",
                        "dev.muster.coordinator",
                        "dev.muster.embedded"))
                .allMatch(CLASSES::containPackage);
        assertThat(CLASSES.stream().map(JavaClass::getName)).noneMatch(name -> name.endsWith("Test"));
    }

    @ParameterizedTest
    @MethodSource("shared")
    void packages_of_shared_know_what_their_package_info_says(Arrows arrows) {
        classes()
                .that()
                .resideInAPackage(arrows.self())
                .should()
                .onlyDependOnClassesThat()
                .resideInAnyPackage(arrows.allowed())
                .check(CLASSES);
    }

    @Test
    void what_decides_does_no_io() {
        noClasses()
                .that()
                .resideInAnyPackage(
                        "dev.muster.job..",
                        "dev.muster.fleet..",
                        "dev.muster.time..",
                        "dev.muster.schedule..",
                        "dev.muster.explain..",
                        "dev.muster.supervision..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("java.nio.file..", "java.net..", "java.sql..", "java.util.logging..")
                .check(CLASSES);
    }

    @Test
    void coordinator_and_worker_know_shared_and_never_each_other() {
        never(
                "dev.muster.coordinator..",
                "dev.muster.worker..",
                "dev.muster.embedded..",
                "dev.muster.local..",
                "dev.muster.bench..");
        never(
                "dev.muster.worker..",
                "dev.muster.coordinator..",
                "dev.muster.embedded..",
                "dev.muster.local..",
                "dev.muster.bench..");
    }

    @Test
    void embedded_knows_nothing_of_the_rest() {
        classes()
                .that()
                .resideInAPackage("dev.muster.embedded..")
                .should()
                .onlyDependOnClassesThat(resideInAPackage("dev.muster.embedded..")
                        .or(DescribedPredicate.not(resideInAPackage("dev.muster.."))))
                .check(CLASSES);
        noClasses()
                .that()
                .resideInAPackage("dev.muster.embedded..")
                .and()
                .resideOutsideOfPackage("dev.muster.embedded.junit..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("org.junit..", "dev.muster.embedded.junit..")
                .check(CLASSES);
    }

    @Test
    void production_code_knows_no_test_library() {
        never("dev.muster..", "org.assertj..", "org.awaitility..", "com.tngtech.archunit..", "dev.muster.guard..");
    }

    /** It is for the tests of handlers, which are other people's. */
    @Test
    void nobody_here_runs_handlers_as_their_tests_do() {
        noClasses()
                .that()
                .resideOutsideOfPackage("dev.muster.testing..")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("dev.muster.testing..")
                .check(CLASSES);
    }

    @Test
    void nobody_but_bench_knows_local() {
        noClasses()
                .that()
                .resideOutsideOfPackages("dev.muster.local..", "dev.muster.bench..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("dev.muster.local..", "dev.muster.bench..")
                .check(CLASSES);
    }

    @Test
    void parts_of_the_coordinator_do_not_know_the_whole() {
        noClasses()
                .that()
                .resideInAPackage("dev.muster.coordinator.*..")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("dev.muster.coordinator")
                .check(CLASSES);
    }

    /** So that one test can prepare them all. */
    @Test
    void sql_classes_stand_in_the_store() {
        classes()
                .that()
                .haveSimpleNameEndingWith("Sql")
                .should()
                .resideInAPackage("dev.muster.store")
                .andShould()
                .bePackagePrivate()
                .check(CLASSES);
    }

    /** Worker puts the parts together; none of them knows it. FaultPoint is a leaf that all of them tell. */
    @Test
    void parts_of_the_worker_do_not_know_the_whole() {
        noClasses()
                .that()
                .resideInAPackage("dev.muster.worker.*..")
                .should()
                .dependOnClassesThat(resideInAPackage("dev.muster.worker").and(outside("dev.muster.worker.FaultPoint")))
                .check(CLASSES);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "dev.muster.(*)..",
                "dev.muster.embedded.(*)..",
                "dev.muster.worker.(*)..",
                "dev.muster.coordinator.(*)..",
                "dev.muster.local.(*).."
            })
    void packages_do_not_form_a_knot(String pattern) {
        slices().matching(pattern)
                .should()
                .beFreeOfCycles()
                .allowEmptyShould(pattern.startsWith("dev.muster.local"))
                .check(CLASSES);
    }

    @Test
    void a_broken_rule_is_seen() {
        ArchRule wrong = noClasses()
                .that()
                .resideInAPackage("dev.muster.store..")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("dev.muster.job..");

        assertThat(wrong.evaluate(CLASSES).hasViolation()).isTrue();
    }

    @Test
    void sql_stands_in_sql_classes_only() {
        List<JavaSource> others = JavaSource.all().stream()
                .filter(JavaSource::isMain)
                .filter(s -> !s.fileName().endsWith("Sql.java"))
                .filter(s -> !s.path().equals(SERVER_OWNER))
                .toList();

        assertThat(statements(others)).isEmpty();
    }

    @Test
    void planted_sql_is_found() {
        assertThat(statements(List.of(JavaSource.of(
                        "x/src/main/java/A.java",
                        "a = \"DELETE\"; b = \"SELECT 1\"; c = \"\"\"\n  WITH x AS\"\"\"; // SELECT 2"))))
                .hasSize(2);
    }

    @Test
    void every_package_says_what_it_is_and_is_null_marked() {
        Set<String> folders = new TreeSet<>();
        Set<String> described = new TreeSet<>();
        for (JavaSource source : JavaSource.all()) {
            if (source.isMain()) {
                String folder = source.path().substring(0, source.path().lastIndexOf('/'));
                folders.add(folder);
                if (source.fileName().equals("package-info.java")
                        && source.code().contains("@NullMarked")
                        && !source.comments().isEmpty()) {
                    described.add(folder);
                }
            }
        }

        assertThat(folders).hasSizeGreaterThan(15);
        assertThat(described).isEqualTo(folders);
    }

    @Test
    void a_package_lives_in_one_module() {
        List<String> packages = JavaSource.all().stream()
                .filter(JavaSource::isMain)
                .filter(s -> s.fileName().equals("package-info.java"))
                .map(s -> s.path().substring(s.path().indexOf("/java/")))
                .toList();

        assertThat(packages).doesNotHaveDuplicates();
        assertThat(Files.exists(JavaSource.root().resolve("shared"))).isTrue();
    }

    private static void never(String who, String... whom) {
        noClasses()
                .that()
                .resideInAPackage(who)
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(whom)
                .check(CLASSES);
    }

    private static DescribedPredicate<JavaClass> outside(String name) {
        return DescribedPredicate.describe(
                "not " + name, c -> !c.getName().equals(name) && !c.getName().startsWith(name + "$"));
    }

    private static List<String> statements(List<JavaSource> sources) {
        List<String> found = new ArrayList<>();
        for (JavaSource source : sources) {
            source.strings().stream()
                    .filter(s -> SQL.matcher(s.text()).matches())
                    .forEach(s -> found.add(source.path() + ":" + source.line(s.offset()) + ": "
                            + s.text().strip()));
        }
        return found;
    }
}
