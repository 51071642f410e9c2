package dev.muster.embedded.sandbox;

import static dev.muster.embedded.sandbox.StripeClients.key;
import static dev.muster.embedded.sandbox.StripeClients.payment;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.stripe.StripeClient;
import com.stripe.exception.ApiException;
import com.stripe.exception.CardException;
import com.stripe.exception.IdempotencyException;
import com.stripe.exception.InvalidRequestException;
import com.stripe.exception.StripeException;
import com.stripe.model.Charge;
import com.stripe.model.PaymentIntent;
import com.stripe.model.Refund;
import com.stripe.model.StripeCollection;
import com.stripe.net.ApiResource;
import com.stripe.param.ChargeListParams;
import com.stripe.param.PaymentIntentCaptureParams;
import com.stripe.param.PaymentIntentCreateParams;
import com.stripe.param.RefundCreateParams;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SandboxPaymentsIT {
    private final SandboxGateway gateway;
    private final StripeClient stripe;

    SandboxPaymentsIT(@TempDir Path folder) throws IOException {
        gateway = SandboxGateway.open(SandboxConfig.in(folder).withFaults(FaultPlan.instant()));
        stripe = StripeClients.at(URI.create("http://127.0.0.1:" + gateway.port()));
    }

    @AfterEach
    void close() {
        gateway.close();
    }

    @Test
    void answers_who_only_asks_whether_it_lives() throws Exception {
        assertThat(stripe.v1().balance().retrieve().getAvailable()).isEmpty();
        assertThat(charges()).isEmpty();
    }

    @Test
    void charges_once_and_answers_a_repetition_with_the_first_answer() throws Exception {
        PaymentIntent first = create(payment("j1", 1200, "pm_card_visa"), "k1");
        PaymentIntent again = create(payment("j1", 1200, "pm_card_visa"), "k1");

        assertThat(first.getStatus()).isEqualTo("succeeded");
        assertThat(first.getAmountReceived()).isEqualTo(1200);
        assertThat(again.getId()).isEqualTo(first.getId());
        assertThat(replayed(first)).isFalse();
        assertThat(replayed(again)).isTrue();
        Charge charge = stripe.v1().charges().retrieve(first.getLatestCharge());
        assertThat(charge.getMetadata()).containsEntry("job_id", "j1");
        assertThat(charge.getPaid()).isTrue();
        assertThat(charges()).hasSize(1);
    }

    @Test
    void the_same_key_with_other_parameters_is_an_idempotency_error() throws Exception {
        create(payment("j1", 1200, "pm_card_visa"), "k1");

        IdempotencyException error = catchThrowableOfType(
                IdempotencyException.class, () -> create(payment("j1", 1300, "pm_card_visa"), "k1"));

        assertThat(error.getStatusCode()).isEqualTo(400);
        assertThat(charges()).hasSize(1);
    }

    @Test
    void a_decline_is_stored_and_given_again() throws Exception {
        for (int attempt = 0; attempt < 2; attempt++) {
            CardException declined = catchThrowableOfType(
                    CardException.class,
                    () -> create(payment("j2", 900, "pm_card_chargeDeclinedInsufficientFunds"), "k2"));
            assertThat(declined.getStatusCode()).isEqualTo(402);
            assertThat(declined.getCode()).isEqualTo("card_declined");
            assertThat(declined.getDeclineCode()).isEqualTo("insufficient_funds");
            assertThat(declined.getStripeError().getPaymentIntent().getStatus()).isEqualTo("requires_payment_method");
        }

        assertThat(charges())
                .singleElement()
                .satisfies(charge -> assertThat(charge.getStatus()).isEqualTo("failed"));
    }

    @Test
    void a_refused_request_is_not_stored_so_its_key_can_be_used_again() throws Exception {
        InvalidRequestException refused = catchThrowableOfType(
                InvalidRequestException.class, () -> create(payment("j3", 1, "pm_card_visa"), "k3"));

        assertThat(refused.getStatusCode()).isEqualTo(400);
        assertThat(refused.getCode()).isEqualTo("amount_too_small");
        assertThat(create(payment("j3", 100, "pm_card_visa"), "k3").getStatus()).isEqualTo("succeeded");
    }

    @Test
    void a_500_after_the_commit_is_stored_and_the_charge_stands() throws Exception {
        for (int attempt = 0; attempt < 2; attempt++) {
            ApiException broken = catchThrowableOfType(
                    ApiException.class, () -> create(payment("j4", 700, "pm_sandbox_error_after_commit"), "k4"));
            assertThat(broken.getStatusCode()).isEqualTo(500);
        }

        assertThat(charges())
                .singleElement()
                .satisfies(charge -> assertThat(charge.getStatus()).isEqualTo("succeeded"));
    }

    @Test
    void holds_captures_a_part_and_refunds() throws Exception {
        PaymentIntent held = stripe.v1()
                .paymentIntents()
                .create(
                        PaymentIntentCreateParams.builder()
                                .setAmount(1500L)
                                .setCurrency("eur")
                                .setPaymentMethod("pm_card_visa")
                                .setCaptureMethod(PaymentIntentCreateParams.CaptureMethod.MANUAL)
                                .build(),
                        key("k5"));
        assertThat(held.getStatus()).isEqualTo("requires_confirmation");
        PaymentIntent confirmed = stripe.v1().paymentIntents().confirm(held.getId(), key("k5-confirm"));
        assertThat(confirmed.getStatus()).isEqualTo("requires_capture");
        assertThat(confirmed.getAmountCapturable()).isEqualTo(1500);

        PaymentIntent captured = stripe.v1()
                .paymentIntents()
                .capture(
                        held.getId(),
                        PaymentIntentCaptureParams.builder()
                                .setAmountToCapture(1200L)
                                .build(),
                        key("k5-capture"));
        Refund refund = stripe.v1()
                .refunds()
                .create(RefundCreateParams.builder()
                        .setPaymentIntent(held.getId())
                        .setAmount(300L)
                        .build());

        assertThat(captured.getAmountReceived()).isEqualTo(1200);
        assertThat(refund.getStatus()).isEqualTo("succeeded");
        assertThat(stripe.v1().refunds().retrieve(refund.getId()).getAmount()).isEqualTo(300);
        StripeException twice = catchThrowableOfType(
                StripeException.class, () -> stripe.v1().paymentIntents().capture(held.getId()));
        assertThat(twice.getCode()).isEqualTo("payment_intent_unexpected_state");
    }

    @Test
    void a_canceled_hold_takes_nothing() throws Exception {
        PaymentIntentCreateParams hold = PaymentIntentCreateParams.builder()
                .setAmount(500L)
                .setCurrency("usd")
                .setPaymentMethod("pm_card_visa")
                .setConfirm(true)
                .setCaptureMethod(PaymentIntentCreateParams.CaptureMethod.MANUAL)
                .build();
        PaymentIntent held = create(hold, "k6");

        PaymentIntent canceled = stripe.v1().paymentIntents().cancel(held.getId());

        assertThat(canceled.getStatus()).isEqualTo("canceled");
        assertThat(stripe.v1().charges().retrieve(held.getLatestCharge()).getRefunded())
                .isTrue();
    }

    @Test
    void pages_through_charges_newest_first() throws Exception {
        List<String> made = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            made.addFirst(create(payment("j" + i, 100, "tok_visa"), "page-" + i).getLatestCharge());
        }
        List<String> listed = new ArrayList<>();

        StripeCollection<Charge> first = stripe.v1()
                .charges()
                .list(ChargeListParams.builder().setLimit(2L).build());
        first.autoPagingIterable().forEach(charge -> listed.add(charge.getId()));

        assertThat(first.getHasMore()).isTrue();
        assertThat(listed).containsExactlyElementsOf(made);
    }

    private PaymentIntent create(PaymentIntentCreateParams params, String key) throws StripeException {
        return stripe.v1().paymentIntents().create(params, key(key));
    }

    private List<Charge> charges() throws StripeException {
        return stripe.v1().charges().list().getData();
    }

    private static boolean replayed(ApiResource resource) {
        return resource.getLastResponse()
                .headers()
                .firstValue("Idempotent-Replayed")
                .isPresent();
    }
}
