package dev.muster.coordinator.http;

import io.javalin.config.JavalinConfig;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Map;

/** The live page: three files of this module, by name. Nothing else of the class path can be asked for. */
final class StaticPage {
    private static final String FOLDER = "/dev/muster/coordinator/web/";
    private static final Map<String, String> FILES = Map.of(
            "/", "index.html",
            "/assets/muster.js", "muster.js",
            "/assets/muster.css", "muster.css");

    private StaticPage() {}

    static void routes(JavalinConfig config) {
        FILES.forEach((path, file) -> {
            byte[] content = read(file);
            String type = type(file);
            config.routes.get(
                    path,
                    ctx -> ctx.contentType(type)
                            .header("Cache-Control", "no-cache")
                            .result(content));
        });
    }

    private static String type(String file) {
        return switch (file.substring(file.lastIndexOf('.'))) {
            case ".html" -> "text/html; charset=utf-8";
            case ".js" -> "text/javascript; charset=utf-8";
            case ".css" -> "text/css; charset=utf-8";
            default -> throw new IllegalStateException("no type is known for " + file);
        };
    }

    private static byte[] read(String file) {
        try (InputStream in = StaticPage.class.getResourceAsStream(FOLDER + file)) {
            if (in == null) {
                throw new IllegalStateException("the live page's " + file + " is missing from the build");
            }
            return in.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException("can't read the live page's " + file, e);
        }
    }
}
