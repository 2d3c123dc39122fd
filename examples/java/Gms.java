// Gms.java -- a whole GMS in Java, by JNI: one group's key to all members on stdin, a line of hex a message to stdout.
// usage: java Gms KMS.xml GMS-KEYS.xml GMS-URI KMS-URI GROUP-URI STATE KEY <members >messages
//
// Started again it goes on, as examples/gms.c says.  Nothing secret comes into Java's heap: key sets and the group key
// are files that the library reads, and its objects are addresses here.
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.function.LongConsumer;

final class Gms {
	static { System.loadLibrary("keymuster_jni"); }

	static native void init();
	static native long ring();
	static native void loadKms(long ring, byte[] path);
	static native void loadKeys(long ring, byte[] path);
	static native long store(byte[] place);
	static native long gms(long ring, long store, byte[] uri, byte[] kmsUri);
	static native long key(long gms, byte[] path, byte[] group);
	static native long batch(long ring);
	static native void add(long batch, long key, byte[] member);
	static native long room(long batch);
	static native long count(long batch);
	static native void run(long batch);
	static native String refusal(long batch, long i);
	static native byte[] message(long batch, long i);
	static native void delivered(long batch);
	static native void clear(long batch);
	static native void freeRing(long ring);
	static native void freeStore(long store);
	static native void freeGms(long gms);
	static native void freeKey(long key);
	static native void freeBatch(long batch);

	/** An object of the library; in a try it is freed whatever happens. */
	record Handle(long at, LongConsumer free) implements AutoCloseable {
		@Override public void close() { free.accept(at); }
	}

	static byte[] octets(String s) { return s.getBytes(StandardCharsets.UTF_8); }

	/** Messages of all that the batch holds; gives how many members were refused. */
	static int serve(long batch, PrintStream out) throws IOException {
		int refused = 0;

		run(batch);
		for (long i = 0; i < count(batch); i++) {
			String why = refusal(batch, i);
			if (why == null) {
				out.println(HexFormat.of().formatHex(message(batch, i)));
			} else {
				refused++;
				System.err.println("member " + i + ": " + why);
			}
		}
		if (out.checkError())   // flushes.  Whom it served stays unsure
			throw new IOException("stdout");
		delivered(batch);
		clear(batch);
		return refused;
	}

	static int provision(byte[][] arg) throws IOException {
		var in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
		int refused = 0;

		init();
		try (var ring = new Handle(ring(), Gms::freeRing)) {
			loadKms(ring.at, arg[0]);
			loadKeys(ring.at, arg[1]);
			try (var store = new Handle(store(arg[5]), Gms::freeStore);
					var gms = new Handle(gms(ring.at, store.at, arg[2], arg[3]), Gms::freeGms);
					var key = new Handle(key(gms.at, arg[6], arg[4]), Gms::freeKey);
					var batch = new Handle(batch(ring.at), Gms::freeBatch)) {
				for (String member; (member = in.readLine()) != null;) {
					if (room(batch.at) == 0)
						refused += serve(batch.at, System.out);
					add(batch.at, key.at, octets(member));
				}
				refused += serve(batch.at, System.out);
			}
		}
		return refused;
	}

	public static void main(String[] args) {
		if (args.length != 7) {
			System.err.println("usage: java Gms KMS.xml GMS-KEYS.xml GMS-URI KMS-URI GROUP-URI STATE KEY");
			System.exit(1);
		}
		byte[][] octets = new byte[args.length][];
		for (int i = 0; i < args.length; i++)
			octets[i] = octets(args[i]);
		try {
			System.exit(provision(octets) > 0 ? 2 : 0);
		} catch (IOException | IllegalStateException e) {
			System.err.println("gms: " + e.getMessage());
			System.exit(1);
		}
	}
}
