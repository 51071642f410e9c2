package dev.muster.worker.execution;

import dev.muster.execution.HandlerTerms;
import dev.muster.job.AfterDead;
import dev.muster.job.JobHandler;
import dev.muster.protocol.Json;
import java.io.IOException;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.ServiceLoader;
import java.util.Set;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The handlers that this worker has, by job type: its own, and those of the jars in a folder. Immutable. */
public final class Handlers {
    private static final Logger LOG = LoggerFactory.getLogger(Handlers.class);

    private final Map<String, HandlerTerms<?>> byType;

    private Handlers(Map<String, HandlerTerms<?>> byType) {
        this.byType = Map.copyOf(byType);
    }

    /**
     * These handlers alone.
     *
     * @throws IllegalArgumentException if two have the same type, or if one can't say what it is
     */
    public static Handlers of(List<JobHandler<?>> handlers) {
        Map<String, HandlerTerms<?>> byType = new HashMap<>();
        for (JobHandler<?> handler : handlers) {
            HandlerTerms<?> terms = HandlerTerms.of(handler);
            HandlerTerms<?> other = byType.putIfAbsent(terms.type(), terms);
            if (other != null) {
                throw new IllegalArgumentException("two handlers for the type " + terms.type() + ": "
                        + other.handler().getClass().getName() + " and "
                        + handler.getClass().getName());
            }
        }
        return new Handlers(byType);
    }

    /**
     * Built-in handlers, those on the class path and those of every jar in {@code folder}, if there is such a folder.
     *
     * @throws java.util.ServiceConfigurationError if a jar names a handler that can't be made
     * @throws IllegalArgumentException as {@link #of}
     */
    public static Handlers load(List<JobHandler<?>> builtIn, Path folder) {
        List<JobHandler<?>> all = new ArrayList<>(builtIn);
        List<Path> jars = jars(folder);
        ServiceLoader.load(JobHandler.class, classLoader(jars)).forEach(all::add);
        Handlers handlers = of(all);
        LOG.atInfo()
                .addKeyValue("types", handlers.types())
                .addKeyValue("folder", folder.toAbsolutePath())
                .addKeyValue("jars", jars.stream().map(Path::getFileName).toList())
                .log("Handlers are loaded");
        return handlers;
    }

    public Optional<HandlerTerms<?>> find(String type) {
        return Optional.ofNullable(byType.get(type));
    }

    /** Makes the first job of each type as quick as the next: loads what reading its payload needs, and what it says itself. */
    public void prepare() {
        byType.values().forEach(handler -> {
            try {
                var _ = Json.MAPPER.readerFor(handler.payloadType());
                handler.handler().prepare();
            } catch (Exception | LinkageError e) {
                LOG.atWarn().addKeyValue("type", handler.type()).setCause(e).log("This handler could not be prepared");
            }
        });
    }

    public Set<String> types() {
        return byType.keySet();
    }

    /** Those of which a dead job is followed by this in its key. */
    public List<String> types(AfterDead afterDead) {
        return byType.values().stream()
                .filter(handler -> handler.afterDead() == afterDead)
                .map(HandlerTerms::type)
                .sorted()
                .toList();
    }

    /** Those whose next in a key may begin before they are durable. */
    public List<String> notStrict() {
        return byType.values().stream()
                .filter(handler -> !handler.strictOrder())
                .map(HandlerTerms::type)
                .sorted()
                .toList();
    }

    private static List<Path> jars(Path folder) {
        if (!Files.isDirectory(folder)) {
            return List.of();
        }
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(file -> file.toString().endsWith(".jar"))
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new IllegalStateException("can't read the handlers' folder " + folder, e);
        }
    }

    /** Never closed: handlers load their classes as long as the worker lives. */
    private static ClassLoader classLoader(List<Path> jars) {
        ClassLoader parent = Handlers.class.getClassLoader();
        URL[] urls = new URL[jars.size()];
        for (int i = 0; i < urls.length; i++) {
            try {
                urls[i] = jars.get(i).toUri().toURL();
            } catch (MalformedURLException e) {
                throw new IllegalStateException("a file without a URL: " + jars.get(i), e);
            }
        }
        return urls.length == 0 ? parent : new URLClassLoader(urls, parent);
    }
}
