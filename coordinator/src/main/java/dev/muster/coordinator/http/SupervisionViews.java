package dev.muster.coordinator.http;

import dev.muster.store.SupervisionStore.Happened;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Events of supervision as JSON objects. */
final class SupervisionViews {
    private SupervisionViews() {}

    static Map<String, @Nullable Object> event(Happened event) {
        Map<String, @Nullable Object> view = new LinkedHashMap<>();
        view.put("at", event.at().toString());
        view.put("origin", event.origin());
        view.put("path", event.subject().path());
        view.put("child", event.subject().child().orElse(null));
        view.put("incarnation", event.subject().incarnation().orElse(null));
        view.put("kind", event.kind().wireName());
        view.put("reason", event.why().reason().orElse(null));
        view.put("detail", event.why().detail().orElse(null));
        view.put("duration_ms", event.took().map(Duration::toMillis).orElse(null));
        return view;
    }
}
