package dev.muster.local.stack;

import dev.muster.config.Setting;
import dev.muster.config.Settings;
import java.io.IOException;
import java.io.Reader;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;

/**
 * {@code stack.properties} in the data folder: where a running stack is, for the other commands and for scripts. It has
 * the settings under their own names, and beside them {@code stack.…} keys. It is there while the stack runs; since it
 * has the database's password, its owner alone may read it. Immutable.
 */
public final class StackProperties {
    public static final String FILE = "stack.properties";
    public static final String API_URL = "stack.api.url";
    public static final String SANDBOX_URL = "stack.sandbox.url";
    /** The process of {@code up} itself; {@code stack.pid.kafka} and so on are its children. */
    public static final String PID = "stack.pid";

    private final Map<String, String> values;

    private StackProperties(Map<String, String> values) {
        this.values = Map.copyOf(values);
    }

    static StackProperties of(
            Settings settings, String apiUrl, String sandboxUrl, long pid, Map<String, Long> children) {
        Map<String, String> values = new HashMap<>();
        for (Setting setting : new Setting[] {
            Setting.KAFKA_BOOTSTRAP, Setting.POSTGRES_URL, Setting.POSTGRES_USER, Setting.POSTGRES_PASSWORD
        }) {
            values.put(setting.key(), settings.string(setting));
        }
        values.put(API_URL, apiUrl);
        values.put(SANDBOX_URL, sandboxUrl);
        values.put(PID, Long.toString(pid));
        children.forEach((name, child) -> values.put(PID + "." + name, Long.toString(child)));
        return new StackProperties(values);
    }

    /** What a folder's file says; empty where there is none. */
    public static Optional<StackProperties> read(Path folder) {
        Path file = folder.resolve(FILE);
        if (!Files.exists(file)) {
            return Optional.empty();
        }
        Properties properties = new Properties();
        try (Reader reader = Files.newBufferedReader(file)) {
            properties.load(reader);
        } catch (IOException e) {
            throw new StackException("can't read " + file + ": " + e.getMessage(), e);
        }
        Map<String, String> values = new HashMap<>();
        properties.stringPropertyNames().forEach(name -> values.put(name, properties.getProperty(name)));
        return Optional.of(new StackProperties(values));
    }

    /** Puts the file there in one step: who reads it sees all of it or the one before. */
    void write(Path folder) {
        Path file = folder.resolve(FILE);
        Path fresh = folder.resolve(FILE + ".new");
        try {
            Files.deleteIfExists(fresh);
            Files.createFile(fresh, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
            Properties properties = new Properties();
            properties.putAll(values);
            try (Writer writer = Files.newBufferedWriter(fresh)) {
                properties.store(writer, "Where the stack is that runs on this folder; written by muster up.");
            }
            Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            throw new StackException("can't write " + file + ": " + e.getMessage(), e);
        }
    }

    static void delete(Path folder) {
        try {
            Files.deleteIfExists(folder.resolve(FILE));
        } catch (IOException e) {
            throw new StackException("can't delete " + folder.resolve(FILE) + ": " + e.getMessage(), e);
        }
    }

    /** The settings in it, by key: those that reach Kafka and Postgres. */
    public Map<String, String> settings() {
        Map<String, String> settings = new LinkedHashMap<>(values);
        settings.keySet().removeIf(key -> !key.startsWith("muster."));
        return settings;
    }

    public Optional<String> get(String key) {
        return Optional.ofNullable(values.get(key));
    }

    /** Whether the stack that wrote it still lives; one that was killed leaves its file behind. */
    public boolean isLive() {
        return get(PID).flatMap(pid -> ProcessHandle.of(Long.parseLong(pid))).isPresent();
    }
}
