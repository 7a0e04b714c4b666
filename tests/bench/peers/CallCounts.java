import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.sun.management.OperatingSystemMXBean;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.util.Properties;
import java.util.concurrent.CountDownLatch;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StoreQueryParameters;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.kstream.Aggregator;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.KGroupedStream;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.TimeWindows;
import org.apache.kafka.streams.processor.TimestampExtractor;
import org.apache.kafka.streams.state.KeyValueIterator;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.QueryableStoreTypes;
import org.apache.kafka.streams.state.WindowStore;

/**
 * Kafka Streams: calls, answered calls and talk time by rep, in RocksDB with a changelog.
 *
 * <p>{@code CallCounts BROKERS TOPIC EVENTS FOLDER table|windows}; one stream thread, at least once,
 * a commit a second. {@code windows}: in tumbling minutes of event time, kept longer than the events
 * reach back. Tells what {@code marks.py} tells, in the same file.
 */
public final class CallCounts {
  private static final String STORE = "calls";
  private static final Duration KEPT = Duration.ofDays(10);

  private record Call(boolean answered, long talkMs, long endedMs) {}

  private record Counts(long calls, long answered, long talkMs) {
    Counts plus(Call call) {
      return new Counts(calls + 1, answered + (call.answered() ? 1 : 0), talkMs + call.talkMs());
    }

    Counts plus(Counts other) {
      return new Counts(calls + other.calls, answered + other.answered, talkMs + other.talkMs);
    }
  }

  private static final Counts NONE = new Counts(0, 0, 0);

  public static void main(String[] args) throws Exception {
    Path folder = Path.of(args[3]);
    boolean windows = args[4].equals("windows");
    Marks marks = new Marks(folder.resolve("marks.jsonl"), Long.parseLong(args[2]));
    StreamsBuilder builder = new StreamsBuilder();
    TimestampExtractor ends = (ConsumerRecord<Object, Object> record, long before) ->
        ((Call) record.value()).endedMs();
    // Only the windows need event time: parsing it is left out for the plain table.
    Consumed<String, Call> read = Consumed.with(Serdes.String(), calls(windows));
    KGroupedStream<String, Call> byRep =
        builder.stream(args[1], windows ? read.withTimestampExtractor(ends) : read).groupByKey();
    Aggregator<String, Call, Counts> count = (rep, call, counts) -> {
      marks.step();
      return counts.plus(call);
    };
    if (windows) {
      byRep
          .windowedBy(TimeWindows.ofSizeWithNoGrace(Duration.ofMinutes(1)))
          .aggregate(() -> NONE, count,
              Materialized.<String, Counts, WindowStore<Bytes, byte[]>>as(STORE)
                  .withKeySerde(Serdes.String()).withValueSerde(counts()).withRetention(KEPT));
    } else {
      byRep.aggregate(() -> NONE, count,
          Materialized.<String, Counts, KeyValueStore<Bytes, byte[]>>as(STORE)
              .withKeySerde(Serdes.String()).withValueSerde(counts()));
    }
    Properties settings = new Properties();
    settings.put(StreamsConfig.APPLICATION_ID_CONFIG, "streams-" + args[4]);
    settings.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, args[0]);
    settings.put(StreamsConfig.STATE_DIR_CONFIG, folder.resolve("state").toString());
    settings.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, 1_000);
    settings.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, 1);
    settings.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest");
    try (KafkaStreams streams = new KafkaStreams(builder.build(), settings)) {
      streams.start();
      marks.last.await();
      marks.counted(windows ? inWindows(streams) : inTable(streams));
      Thread.currentThread().join();
    }
  }

  private static Counts inTable(KafkaStreams streams) {
    Counts total = NONE;
    var store = streams.store(StoreQueryParameters.fromNameAndType(
        STORE, QueryableStoreTypes.<String, Counts>keyValueStore()));
    try (KeyValueIterator<String, Counts> all = store.all()) {
      while (all.hasNext()) {
        total = total.plus(all.next().value);
      }
    }
    return total;
  }

  private static Counts inWindows(KafkaStreams streams) {
    Counts total = NONE;
    var store = streams.store(StoreQueryParameters.fromNameAndType(
        STORE, QueryableStoreTypes.<String, Counts>windowStore()));
    try (var all = store.all()) {
      while (all.hasNext()) {
        total = total.plus(all.next().value);
      }
    }
    return total;
  }

  private static Serde<Call> calls(boolean timed) {
    JsonFactory json = new JsonFactory();
    return Serdes.serdeFrom((topic, call) -> null, (topic, value) -> {
      boolean answered = false;
      long talkMs = 0;
      long endedMs = 0;
      try (JsonParser parser = json.createParser(value)) {
        parser.nextToken();
        while (parser.nextToken() == JsonToken.FIELD_NAME) {
          String name = parser.currentName();
          parser.nextToken();
          switch (name) {
            case "result" -> answered = parser.getText().equals("answered");
            case "talk_ms" -> talkMs = parser.getLongValue();
            case "occurred_at" -> {
              if (timed) {
                endedMs = Instant.parse(parser.getText()).toEpochMilli();
              }
            }
            default -> parser.skipChildren();
          }
        }
      } catch (IOException problem) {
        throw new UncheckedIOException(problem);
      }
      return new Call(answered, talkMs, endedMs);
    });
  }

  private static Serde<Counts> counts() {
    return Serdes.serdeFrom(
        (topic, counts) -> counts == null ? null : ByteBuffer.allocate(24)
            .putLong(counts.calls()).putLong(counts.answered()).putLong(counts.talkMs()).array(),
        (topic, value) -> {
          if (value == null) {
            return null;
          }
          ByteBuffer fields = ByteBuffer.wrap(value);
          return new Counts(fields.getLong(), fields.getLong(), fields.getLong());
        });
  }

  /** The process's CPU time, all threads, and the clock at the first, middle and last event. */
  private static final class Marks {
    final CountDownLatch last = new CountDownLatch(1);
    private final OperatingSystemMXBean system =
        (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
    private final Path file;
    private final long events;
    private long seen;

    Marks(Path file, long events) {
      this.file = file;
      this.events = events;
    }

    void step() {
      seen++;
      if (seen == 1 || seen == Math.max(2, events / 2) || seen == events) {
        tell("{\"seen\": %d, \"cpu_s\": %.6f, \"wall_s\": %.6f}".formatted(
            seen, system.getProcessCpuTime() / 1e9, System.nanoTime() / 1e9));
      }
      if (seen == events) {
        last.countDown();
      }
    }

    void counted(Counts total) {
      tell("{\"calls\": %d, \"answered\": %d, \"talk_ms\": %d}".formatted(
          total.calls(), total.answered(), total.talkMs()));
    }

    private void tell(String line) {
      try {
        Files.writeString(file, line + "\n", StandardOpenOption.CREATE, StandardOpenOption.APPEND);
      } catch (IOException problem) {
        throw new UncheckedIOException(problem);
      }
    }
  }
}
