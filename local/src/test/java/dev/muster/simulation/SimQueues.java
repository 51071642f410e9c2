package dev.muster.simulation;

import dev.muster.worker.intake.QueueView;
import dev.muster.worker.intake.Queues;
import dev.muster.worker.lane.LaneEvent;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/** What a worker knows of the queues, which never change here. It tells its lanes when it has looked again. */
final class SimQueues implements Queues {
    private final Proc proc;
    private final Supplier<List<SimLane>> lanes;
    private QueueView view;

    SimQueues(Proc proc, Supplier<List<SimLane>> lanes) {
        this.proc = proc;
        this.lanes = lanes;
        this.view = new QueueView(
                Map.of(
                        Jobs.PAY.name(), new QueueView.Entry(Jobs.PAY, SimWorker.TOPIC),
                        Jobs.MAIL.name(), new QueueView.Entry(Jobs.MAIL, SimWorker.TOPIC)),
                proc.world().now());
    }

    @Override
    public QueueView view() {
        return view;
    }

    @Override
    public void lookSoon() {
        long began = proc.world().now();
        proc.after(proc.world().millisBetween(1, 40), () -> {
            view = new QueueView(view.byName(), Math.max(began, view.asOf()));
            lanes.get().forEach(lane -> lane.lane().tell(new LaneEvent.QueuesSeen()));
        });
    }
}
