package dev.muster.simulation;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.Arrays;
import java.util.function.Supplier;

/**
 * The way from a process to Postgres: a statement may take its time, before or after it runs; it may be lost, or its
 * answer may; and it may run long after its client has given it up, as one that stood in a kernel's buffer.
 */
final class Wire {
    private final Proc proc;
    private final Net net;

    Wire(Proc proc, Net net) {
        this.proc = proc;
        this.net = net;
    }

    /** How bad it is. Probabilities; what is left over is fast and sure. */
    static final class Net {
        double slow;
        double lost;
        double unanswered;
        double late;
        boolean down;

        void calm() {
            slow = 0.05;
            lost = 0;
            unanswered = 0;
            late = 0;
            down = false;
        }
    }

    /** The same interface, over this wire. */
    <T> T over(Class<T> type, T there) {
        InvocationHandler handler = (_, method, args) -> {
            proc.world().note(() -> proc + " says " + method.getName() + " " + Arrays.toString(args));
            return call(() -> invoke(method, there, args));
        };
        return type.cast(Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, handler));
    }

    private static Object invoke(Method method, Object there, Object[] args) {
        try {
            return method.invoke(there, args);
        } catch (InvocationTargetException e) {
            throw e.getCause() instanceof RuntimeException cause ? cause : new IllegalStateException(e.getCause());
        } catch (IllegalAccessException e) {
            throw new IllegalStateException(e);
        }
    }

    /** One statement, as the calling thread of the process sees it. */
    <T> T call(Supplier<T> statement) {
        if (proc.isGone()) {
            throw new Fiber.Killed();
        }
        World world = proc.world();
        if (proc.isCutFromPostgres() || net.down) {
            if (!net.down && world.chance(0.3)) {
                runLate(statement); // it stands in the kernel until the wire is mended
            }
            proc.sleep(world.millisBetween(20, 400));
            throw Trouble.unreachable();
        }
        double luck = world.random().nextDouble();
        double lost = net.lost;
        double unanswered = lost + net.unanswered;
        double late = unanswered + net.late;
        if (luck < lost) {
            proc.sleep(world.millisBetween(1, 300));
            throw Trouble.unreachable();
        }
        if (luck < unanswered) {
            proc.sleep(world.millisBetween(0, 20));
            T _ = statement.get();
            proc.sleep(world.millisBetween(1, 300));
            throw Trouble.unreachable();
        }
        if (luck < late) {
            runLate(statement);
            proc.sleep(world.millisBetween(1, 300));
            throw Trouble.unreachable();
        }
        if (luck < late + net.slow) {
            proc.sleep(world.millisBetween(0, 15));
            T answer = statement.get();
            proc.sleep(world.millisBetween(0, 15));
            return answer;
        }
        return statement.get();
    }

    private <T> void runLate(Supplier<T> statement) {
        World world = proc.world();
        world.after(world.millisBetween(1, world.chance(0.5) ? 300 : 6_000), () -> {
            world.note(() -> "a late statement of " + proc + " runs");
            T _ = statement.get();
        });
    }
}
