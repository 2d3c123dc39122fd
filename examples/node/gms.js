// gms.js -- a whole GMS in JavaScript, by a Node-API addon: one group's key to all members on stdin, a line of hex a
// message to stdout.  usage: node gms.js KMS.xml GMS-KEYS.xml GMS-URI KMS-URI GROUP-URI STATE KEY <members >messages
//
// Started again it goes on, as examples/gms.c says.  Nothing secret comes into JavaScript: key sets and the group key
// are files that the library reads, and its objects stay behind their externals.
'use strict';
const fs = require('fs');
const km = require('./addon.node');

// Messages of all that the batch holds; gives how many members were refused.
function serve(batch) {
	const results = km.run(batch);
	const made = results.filter((r) => r.message);

	fs.writeFileSync(1, made.map((r) => r.message.toString('hex') + '\n').join(''));   // throws: they stay unsure
	km.delivered(batch);
	results.forEach((r, i) => r.refused && console.error(`member ${i}: ${r.refused}`));
	if (made.length > 0)
		console.error(`${made.length} messages, the last with T 0x${made[made.length - 1].t.toString(16)}`);
	return results.length - made.length;
}

function provision(kms, keys, uri, kmsUri, group, state, keyFile) {
	const ring = km.ring();
	km.loadKms(ring, kms);
	km.loadKeys(ring, keys);
	const gms = km.gms(ring, km.store(state), uri, kmsUri);
	const key = km.key(gms, keyFile, group);
	const batch = km.batch(ring);
	const members = fs.readFileSync(0, 'utf8').split('\n');
	let refused = 0;

	if (members[members.length - 1] === '')     // after the last line
		members.pop();
	for (const member of members) {
		if (km.room(batch) === 0)
			refused += serve(batch);
		km.add(batch, key, member);
	}
	return refused + serve(batch);
}

if (process.argv.length !== 9) {
	console.error('usage: node gms.js KMS.xml GMS-KEYS.xml GMS-URI KMS-URI GROUP-URI STATE KEY');
	process.exitCode = 1;
} else {
	try {
		process.exitCode = provision(...process.argv.slice(2)) > 0 ? 2 : 0;
	} catch (e) {
		console.error(`gms: ${e.message}`);
		process.exitCode = 1;
	}
}
