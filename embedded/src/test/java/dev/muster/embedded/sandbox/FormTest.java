package dev.muster.embedded.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Map;
import org.junit.jupiter.api.Test;

class FormTest {

    @Test
    void decodes_names_and_values_whatever_their_order() {
        Form form = Form.parse("metadata%5Bjob_id%5D=j+1&amount=100");

        assertThat(form.metadata()).isEqualTo(Map.of("job_id", "j 1"));
        assertThat(form).isEqualTo(Form.parse("amount=100&metadata[job_id]=j%201"));
    }

    @Test
    void names_the_parameter_that_is_no_number() {
        assertThatThrownBy(() -> Form.parse("amount=ten").number("amount"))
                .isInstanceOfSatisfying(StripeError.class, error -> {
                    assertThat(error.status()).isEqualTo(400);
                    assertThat(error.body()).contains("parameter_invalid_integer", "amount");
                });
    }
}
