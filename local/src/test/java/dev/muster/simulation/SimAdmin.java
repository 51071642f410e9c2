package dev.muster.simulation;

import java.lang.reflect.Proxy;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ConsumerGroupDescription;
import org.apache.kafka.clients.admin.DescribeConsumerGroupsResult;
import org.apache.kafka.clients.admin.MemberAssignment;
import org.apache.kafka.clients.admin.MemberDescription;
import org.apache.kafka.common.GroupState;
import org.apache.kafka.common.GroupType;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.internals.KafkaFutureImpl;

/** Who is in the group, as a process can ask. */
final class SimAdmin {
    private final Proc proc;
    private final ModelKafka kafka;

    SimAdmin(Proc proc, ModelKafka kafka) {
        this.proc = proc;
        this.kafka = kafka;
    }

    Admin admin() {
        return (Admin) Proxy.newProxyInstance(
                Admin.class.getClassLoader(), new Class<?>[] {Admin.class}, (_, method, args) -> {
                    if (method.getName().equals("describeConsumerGroups")) {
                        String group = (String)
                                ((java.util.Collection<?>) args[0]).iterator().next();
                        return new DescribeConsumerGroupsResult(Map.of(group, describe(group)));
                    }
                    throw new UnsupportedOperationException("the model of an admin client has no " + method.getName());
                });
    }

    private KafkaFuture<ConsumerGroupDescription> describe(String group) {
        if (kafka.isDown() || proc.isCutFromKafka()) {
            KafkaFutureImpl<ConsumerGroupDescription> never = new KafkaFutureImpl<>();
            never.completeExceptionally(new TimeoutException("cut off"));
            return never;
        }
        List<MemberDescription> members =
                kafka.instances().stream().map(SimAdmin::member).toList();
        return KafkaFuture.completedFuture(new ConsumerGroupDescription(
                group,
                false,
                members,
                "uniform",
                GroupType.CONSUMER,
                GroupState.STABLE,
                Node.noNode(),
                Set.of(),
                Optional.of(kafka.groupEpoch()),
                Optional.of(kafka.groupEpoch())));
    }

    private static MemberDescription member(String instance) {
        return new MemberDescription(
                instance,
                Optional.of(instance),
                Optional.empty(),
                instance,
                "here",
                new MemberAssignment(Set.of()),
                Optional.empty(),
                Optional.empty(),
                Optional.empty());
    }
}
