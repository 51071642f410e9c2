package dev.muster.embedded;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The settings of the embedded broker: one node that is broker and controller, on 127.0.0.1, replication 1. */
final class KafkaSettings {
    private KafkaSettings() {}

    /**
     * Where the broker listens.
     *
     * @param ports of the further listeners, by name
     */
    record Addresses(int port, int controllerPort, List<KafkaServer.Listener> further, Map<String, Integer> ports) {
        Addresses {
            further = List.copyOf(further);
            ports = Map.copyOf(ports);
        }

        String listeners() {
            return joined(
                    "PLAINTEXT://127.0.0.1:" + port + ",CONTROLLER://127.0.0.1:" + controllerPort,
                    listener -> listener.name() + "://127.0.0.1:" + ports.get(listener.name()));
        }

        String advertised() {
            return joined(
                    "PLAINTEXT://127.0.0.1:" + port,
                    listener -> listener.name() + "://127.0.0.1:" + listener.advertisedPort());
        }

        String protocols() {
            return joined("PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT", listener -> listener.name() + ":PLAINTEXT");
        }

        private String joined(String first, Function<KafkaServer.Listener, String> each) {
            return Stream.concat(Stream.of(first), further.stream().map(each)).collect(Collectors.joining(","));
        }
    }

    static Map<String, String> of(Addresses addresses, String logFolder, Map<String, String> overrides) {
        Map<String, String> settings = new TreeMap<>();
        singleNode(settings, addresses, logFolder);
        internalTopics(settings);
        groups(settings);
        recovery(settings);
        settings.putAll(overrides);
        return settings;
    }

    private static void singleNode(Map<String, String> settings, Addresses addresses, String logFolder) {
        settings.put("process.roles", "broker,controller");
        settings.put("node.id", "1");
        settings.put("listeners", addresses.listeners());
        settings.put("advertised.listeners", addresses.advertised());
        settings.put("listener.security.protocol.map", addresses.protocols());
        settings.put("inter.broker.listener.name", "PLAINTEXT");
        settings.put("controller.listener.names", "CONTROLLER");
        settings.put("controller.quorum.voters", "1@127.0.0.1:" + addresses.controllerPort());
        settings.put("log.dirs", logFolder);
        settings.put("num.network.threads", "2");
        settings.put("num.io.threads", "4");
        // A topic that a typing error made is a job that nobody works on.
        settings.put("auto.create.topics.enable", "false");
    }

    private static void internalTopics(Map<String, String> settings) {
        settings.put("default.replication.factor", "1");
        settings.put("offsets.topic.replication.factor", "1");
        settings.put("offsets.topic.num.partitions", "4");
        settings.put("transaction.state.log.replication.factor", "1");
        settings.put("transaction.state.log.min.isr", "1");
        settings.put("transaction.state.log.num.partitions", "4");
        settings.put("share.coordinator.state.topic.replication.factor", "1");
        settings.put("share.coordinator.state.topic.min.isr", "1");
        settings.put("share.coordinator.state.topic.num.partitions", "4");
        // The default of 128 MB is sized for thousands of compacted partitions.
        settings.put("log.cleaner.dedupe.buffer.size", "10485760");
    }

    /** The floors are lowered so that a group may ask for a failover below a second; the defaults stay as they are. */
    private static void groups(Map<String, String> settings) {
        settings.put("group.initial.rebalance.delay.ms", "0");
        settings.put("group.min.session.timeout.ms", "300");
        for (String kind : new String[] {"consumer", "streams", "share"}) {
            settings.put("group." + kind + ".min.session.timeout.ms", "300");
            settings.put("group." + kind + ".min.heartbeat.interval.ms", "50");
            // 1 s by default: it would delay every second of two changes in a row.
            settings.put("group." + kind + ".assignment.interval.ms", "0");
        }
        settings.put("group.streams.initial.rebalance.delay.ms", "0");
        settings.put("group.share.min.record.lock.duration.ms", "1000");
    }

    /** A killed broker registers again only when its old session has run out: 13 s with the defaults, 3 s with these. */
    private static void recovery(Map<String, String> settings) {
        settings.put("broker.session.timeout.ms", "1500");
        settings.put("broker.heartbeat.interval.ms", "300");
    }
}
