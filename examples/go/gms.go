// gms.go -- a whole GMS in Go, by cgo: one group's key to all members on stdin, a line of hex a message to stdout.
// usage: gms KMS.xml GMS-KEYS.xml GMS-URI KMS-URI GROUP-URI STATE KEY <members >messages
//
// Started again it goes on, as examples/gms.c says.  Nothing secret comes into Go's heap: key sets and the group key
// are files that the library reads.  Strings, and what structs point to, are C's memory, as cgo wants it; the library
// keeps the address of none.
package main

// #cgo pkg-config: keymuster
// #include <stdlib.h>
// #include "provision/gmk.h"
import "C"

import (
	"bufio"
	"encoding/hex"
	"fmt"
	"os"
	"unsafe"
)

var why *C.km_complaint

func must(err C.km_err, what string) {
	if err == C.KM_OK {
		return
	}
	fmt.Fprintf(os.Stderr, "%s: %s", what, C.GoString(C.km_strerror(err)))
	if why != nil {
		fmt.Fprintf(os.Stderr, ": %s", C.GoString(C.km_complaint_text(why)))
	}
	fmt.Fprintln(os.Stderr)
	os.Exit(1)
}

// Messages of all that the batch holds; gives how many members were refused.
func serve(batch *C.km_batch, out *bufio.Writer) (refused int) {
	if err := C.km_batch_run(batch, C.km_time_now(), why); err != C.KM_EPARTIAL {
		must(err, "run")
	}
	var size C.size_t
	made := C.km_made{struct_size: C.sizeof_km_made}
	octets := unsafe.Slice((*byte)(C.km_batch_octets(&size, batch)), size) // until the batch is emptied
	for i := C.size_t(0); C.km_batch_made(&made, batch, i) == 1; i++ {
		if made.reason == C.KM_R_OK {
			fmt.Fprintln(out, hex.EncodeToString(octets[made.at:made.at+made.len]))
		} else {
			refused++
			fmt.Fprintf(os.Stderr, "member %d: %s\n", i, C.GoString(C.km_reason_text(made.reason)))
		}
	}
	if err := out.Flush(); err != nil { // whom it served stays unsure
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	must(C.km_batch_delivered(batch, why), "journal")
	C.km_batch_clear(batch)
	return refused
}

func main() {
	if len(os.Args) != 8 {
		fmt.Fprintln(os.Stderr, "usage: gms KMS.xml GMS-KEYS.xml GMS-URI KMS-URI GROUP-URI STATE KEY")
		os.Exit(1)
	}
	var arg [8]*C.char
	for i, s := range os.Args {
		arg[i] = C.CString(s)
		defer C.free(unsafe.Pointer(arg[i]))
	}
	groups := (*C.km_str)(C.malloc(C.sizeof_km_str))
	defer C.free(unsafe.Pointer(groups))
	*groups = C.km_str{arg[5], C.size_t(len(os.Args[5]))}
	params := C.km_key_params{struct_size: C.sizeof_km_key_params, activation: C.km_time{seconds: C.KM_AT_ONCE},
		expiry: C.km_time{seconds: C.KM_NEVER}, groups: groups, n_groups: 1, authority: C.KM_AUTHORITY_PSI,
		shared: C.KM_SHARED_NO, n_members: C.KM_MEMBERS_LATER}

	var ring *C.km_keyring
	var store *C.km_store
	var gms *C.km_gms
	var key *C.km_key
	var batch *C.km_batch
	var isNew C.uint32_t
	must(C.km_init(nil), "km_init")
	must(C.km_complaint_new(&why), "memory")
	must(C.km_keyring_new(&ring), "memory")
	must(C.km_keyring_load_kms(ring, arg[1], why), "KMS")
	must(C.km_keyring_load_keys(ring, arg[2], C.KM_USE_SIGN, why), "key sets")
	must(C.km_store_files(&store, arg[6], C.KM_MAY_BEGIN, why), "state")
	must(C.km_gms_new(&gms, ring, store, arg[3], arg[4], why), "GMS")
	must(C.km_key_file(&key, &isNew, gms, arg[7], C.km_seal_none(), &params, C.km_time_now(), why), "key")
	must(C.km_batch_new(&batch, ring), "memory")

	refused, out, members := 0, bufio.NewWriter(os.Stdout), bufio.NewScanner(os.Stdin)
	for members.Scan() {
		if C.km_batch_room(batch) == 0 {
			refused += serve(batch, out)
		}
		uri := C.CString(members.Text())
		must(C.km_batch_add(batch, key, uri, C.size_t(len(members.Text())), C.KM_KMS_BY_DOMAIN, C.KM_GIVE, 0, why), "member")
		C.free(unsafe.Pointer(uri))
	}
	if err := members.Err(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	refused += serve(batch, out)
	C.km_batch_free(batch)
	C.km_key_free(key)
	C.km_gms_free(gms)
	C.km_store_free(store)
	C.km_keyring_free(ring)
	C.km_complaint_free(why)
	if refused > 0 {
		os.Exit(2)
	}
}
