package dev.muster.config;

import java.io.IOException;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The configuration of a process. Later sources win: defaults, {@code muster.properties}, the environment, overrides
 * from the command line or the launcher. A key that nobody knows stops the start, since a misspelt setting that is
 * silently ignored is found in production. Keys under {@code muster.kafka.client.} pass to every Kafka client as they
 * are. Immutable.
 */
public final class Settings {
    private static final String CLIENT_PREFIX = "muster.kafka.client.";
    /** Variables that begin with MUSTER_ and configure the launcher script, not a process. */
    private static final Set<String> NOT_SETTINGS =
            Set.of("MUSTER_CONFIG", "MUSTER_HOME", "MUSTER_JAVA_OPTS", "MUSTER_IMAGE");

    private static final Pattern DURATION = Pattern.compile("([0-9]{1,12}) *(ms|s|m|h|d)");
    /** What is counted in nanoseconds must not overflow. */
    private static final Duration LONGEST = Duration.ofDays(36_500);

    private final Map<Setting, String> values;
    private final Map<String, String> kafkaClient;

    private Settings(Map<Setting, String> values, Map<String, String> kafkaClient) {
        this.values = values;
        this.kafkaClient = Map.copyOf(kafkaClient);
    }

    /**
     * Reads file and environment.
     *
     * @param file may be absent
     * @throws ConfigException on an unknown key, or a file that can't be read
     */
    public static Settings load(Path file, Map<String, String> environment, Map<String, String> overrides) {
        Map<Setting, String> values = new EnumMap<>(Setting.class);
        Map<String, String> client = new LinkedHashMap<>();
        properties(file).forEach((key, value) -> put(values, client, key, value, file.toString()));
        environment.forEach((name, value) -> putEnvironment(values, client, name, value));
        overrides.forEach((key, value) -> put(values, client, key, value, "the command line"));
        return new Settings(values, client);
    }

    /** The configuration file that these variables name, else the one of the working folder. */
    public static Path file(Map<String, String> environment) {
        return Path.of(environment.getOrDefault("MUSTER_CONFIG", "muster.properties"));
    }

    /** Defaults with these overrides: for tests and for stacks that are put together in code. */
    public static Settings of(Map<String, String> overrides) {
        return load(Path.of("does-not-exist.properties"), Map.of(), overrides);
    }

    /** These settings with some replaced. */
    public Settings with(Setting setting, String value) {
        Map<Setting, String> copy = new EnumMap<>(Setting.class);
        copy.putAll(values);
        copy.put(setting, value);
        return new Settings(copy, kafkaClient);
    }

    /** These settings with another default for one that may not have been set. */
    public Settings withDefault(Setting setting, String value) {
        return values.containsKey(setting) ? this : with(setting, value);
    }

    /**
     * These settings with those of further environment variables over them.
     *
     * @throws ConfigException on an unknown one
     */
    public Settings with(Map<String, String> environment) {
        Map<Setting, String> copy = new EnumMap<>(Setting.class);
        copy.putAll(values);
        Map<String, String> client = new LinkedHashMap<>(kafkaClient);
        environment.forEach((name, value) -> putEnvironment(copy, client, name, value));
        return new Settings(copy, client);
    }

    public String string(Setting setting) {
        return values.getOrDefault(setting, setting.defaultValue()).strip();
    }

    /**
     * A whole number within bounds, both included.
     *
     * @throws ConfigException if it is anything else
     */
    public int integer(Setting setting, int min, int max) {
        String text = string(setting);
        try {
            int value = Integer.parseInt(text);
            if (value >= min && value <= max) {
                return value;
            }
        } catch (NumberFormatException e) {
            // Falls through to the one message that names the key and the bounds.
        }
        throw new ConfigException(
                setting.key() + " is not a whole number between " + min + " and " + max + ": " + text);
    }

    /**
     * A truth value.
     *
     * @throws ConfigException if it is neither true nor false
     */
    public boolean bool(Setting setting) {
        return switch (string(setting)) {
            case "true" -> true;
            case "false" -> false;
            default -> throw new ConfigException(setting.key() + " is neither true nor false: " + string(setting));
        };
    }

    /**
     * A duration above zero: a whole number and a unit (ms, s, m, h, d).
     *
     * @throws ConfigException if it is anything else
     */
    public Duration duration(Setting setting) {
        String text = string(setting);
        Duration value = parseDuration(text, setting.key());
        if (value.isZero()) {
            throw new ConfigException(setting.key() + " is zero");
        }
        return value;
    }

    /**
     * A duration as people write it: a whole number and a unit, {@code 250ms}, {@code 3s}, {@code 5m}, {@code 2h}, {@code 7d}.
     *
     * @param what names it in the error
     * @throws ConfigException if it is anything else
     */
    public static Duration parseDuration(String text, String what) {
        Matcher matcher = DURATION.matcher(text);
        if (!matcher.matches()) {
            throw new ConfigException(what + " is not a duration such as 250ms, 3s, 5m, 2h or 7d: " + text);
        }
        long number = Long.parseLong(matcher.group(1));
        Duration value = switch (matcher.group(2)) {
            case "ms" -> Duration.ofMillis(number);
            case "s" -> Duration.ofSeconds(number);
            case "m" -> Duration.ofMinutes(number);
            case "h" -> Duration.ofHours(number);
            default -> Duration.ofDays(number);
        };
        if (value.compareTo(LONGEST) > 0) {
            throw new ConfigException(what + " is longer than " + LONGEST.toDays() + " days: " + text);
        }
        return value;
    }

    /** What passes to every Kafka client as it is, such as {@code security.protocol}. */
    public Map<String, String> kafkaClient() {
        return kafkaClient;
    }

    /** What was set, as environment variables: how a launcher hands its own settings to a process that it starts. */
    public Map<String, String> asEnvironment() {
        Map<String, String> environment = new LinkedHashMap<>();
        values.forEach((setting, value) -> environment.put(setting.environmentName(), value));
        kafkaClient.forEach((key, value) -> environment.put(
                "MUSTER_KAFKA_CLIENT_" + key.toUpperCase(java.util.Locale.ROOT).replace('.', '_'), value));
        return environment;
    }

    private static void put(
            Map<Setting, String> values, Map<String, String> client, String key, String value, String where) {
        if (key.startsWith(CLIENT_PREFIX)) {
            client.put(key.substring(CLIENT_PREFIX.length()), value);
            return;
        }
        Setting setting = Setting.ofKey(key)
                .orElseThrow(() -> new ConfigException(
                        "unknown setting " + key + " in " + where + "; docs/config.md lists them all"));
        values.put(setting, value);
    }

    private static void putEnvironment(
            Map<Setting, String> values, Map<String, String> client, String name, String value) {
        if (!name.startsWith("MUSTER_") || NOT_SETTINGS.contains(name)) {
            return;
        }
        if (name.startsWith("MUSTER_KAFKA_CLIENT_")) {
            client.put(
                    name.substring("MUSTER_KAFKA_CLIENT_".length())
                            .toLowerCase(java.util.Locale.ROOT)
                            .replace('_', '.'),
                    value);
            return;
        }
        boolean inFile = name.endsWith("_FILE") && Setting.ofEnvironment(name).isEmpty();
        String plain = inFile ? name.substring(0, name.length() - "_FILE".length()) : name;
        Setting setting = Setting.ofEnvironment(plain)
                .orElseThrow(() -> new ConfigException(
                        "unknown setting " + name + " in the environment; docs/config.md lists them all"));
        values.put(setting, inFile ? readSecret(name, value) : value);
    }

    private static String readSecret(String name, String file) {
        try {
            return Files.readString(Path.of(file)).strip();
        } catch (IOException e) {
            throw new ConfigException(name + " names a file that can't be read: " + file, e);
        }
    }

    private static Map<String, String> properties(Path file) {
        if (!Files.exists(file)) {
            return Map.of();
        }
        Properties properties = new Properties();
        try (Reader reader = Files.newBufferedReader(file)) {
            properties.load(reader);
        } catch (IOException e) {
            throw new ConfigException("can't read " + file, e);
        }
        Map<String, String> map = new LinkedHashMap<>();
        properties.stringPropertyNames().forEach(name -> map.put(name, properties.getProperty(name)));
        return map;
    }
}
