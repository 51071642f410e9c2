package dev.muster.bench.peer;

/** 200 bytes, as the jobs of the others have. */
final class Payload {
    private static final int BYTES = 200;

    private Payload() {}

    static String of(long number) {
        String head =
                "{\"number\":" + number + ",\"customer\":\"cus_1234\",\"amount\":0,\"currency\":\"eur\",\"note\":\"";
        return head + "x".repeat(BYTES - head.length() - 2) + "\"}";
    }
}
