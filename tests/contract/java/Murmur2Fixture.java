import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.apache.kafka.clients.producer.internals.BuiltInPartitioner;
import org.apache.kafka.common.utils.Utils;

/**
 * Prints what Kafka's own Java code says about the partitions of keys, as JSON.
 *
 * From the root of the repository, after `make services`:
 *
 *   java -cp '.services/kafka/4.3.1/*' tests/contract/java/Murmur2Fixture.java \
 *     > tests/contract/murmur2_java.json
 */
public final class Murmur2Fixture {
    private static final int[] PARTITIONS = {1, 2, 3, 7, 8, 12, 64, 1000};

    public static void main(String[] args) {
        List<byte[]> keys = new ArrayList<>();
        for (String text : new String[] {
            "", "a", "ab", "abc", "abcd", "abcde", "r-0001", "rep 17", "deal/2026-11-23/000017",
            "\u00e9", "Zo\u00eb", "\u674e\u5a1c", "\u0627\u0644\u0639", "\ud83d\udcde", "\u0000", "\u007f\u0080",
            "0123456789abcdef".repeat(8), "\u6d4b\u8bd5".repeat(500), "x".repeat(100_003),
        }) {
            keys.add(text.getBytes(StandardCharsets.UTF_8));
        }
        for (int value = 0; value < 256; value += 15) {
            keys.add(new byte[] {(byte) value});
        }
        Random random = new Random(20_261_123);
        for (int size = 0; size < 140; size++) {
            byte[] key = new byte[size];
            random.nextBytes(key);
            keys.add(key);
        }
        StringBuilder out = new StringBuilder("{\n\"partitions\": [");
        for (int i = 0; i < PARTITIONS.length; i++) {
            out.append(i == 0 ? "" : ", ").append(PARTITIONS[i]);
        }
        out.append("],\n\"keys\": [\n");
        for (int i = 0; i < keys.size(); i++) {
            byte[] key = keys.get(i);
            out.append(i == 0 ? "" : ",\n").append("{").append(name(key));
            out.append(", \"murmur2\": ").append(Utils.murmur2(key)).append(", \"partition\": [");
            for (int j = 0; j < PARTITIONS.length; j++) {
                int partition = BuiltInPartitioner.partitionForKey(key, PARTITIONS[j]);
                if (partition != Utils.toPositive(Utils.murmur2(key)) % PARTITIONS[j]) {
                    throw new IllegalStateException("Kafka's partitioner is murmur2 no more");
                }
                out.append(j == 0 ? "" : ", ").append(partition);
            }
            out.append("]}");
        }
        System.out.println(out.append("\n]\n}"));
    }

    /** The key in hex; a long key as the first bytes of it and how often they repeat. */
    private static String name(byte[] key) {
        int period = key.length > 200 ? (key[0] == 'x' ? 1 : 6) : key.length;
        StringBuilder hex = new StringBuilder();
        for (int i = 0; i < period; i++) {
            hex.append(String.format("%02x", key[i]));
        }
        int times = period == 0 ? 1 : key.length / period;
        return "\"hex\": \"" + hex + "\", \"times\": " + times;
    }
}
