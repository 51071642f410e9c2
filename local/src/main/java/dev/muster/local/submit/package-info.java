/** Submits jobs: reads them as lines of JSON, checks each as a worker will, and sends them to Kafka. */
@NullMarked
package dev.muster.local.submit;

import org.jspecify.annotations.NullMarked;
