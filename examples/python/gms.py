#!/usr/bin/env python3
"""gms.py -- a whole GMS in Python, by ctypes: one group's key to all members on stdin, a line of hex a message to
stdout.  usage: gms.py KMS.xml GMS-KEYS.xml GMS-URI KMS-URI GROUP-URI STATE KEY <members >messages

Started again it goes on, as examples/gms.c says.  Nothing secret comes into Python: key sets and the group key are
files that the library reads, and objects of the library stay behind their addresses.
"""
import contextlib
import ctypes
import os
import sys
from ctypes import POINTER, Structure, byref, c_char_p, c_int, c_int64, c_size_t, c_uint32, c_uint64, c_void_p as p

KM_EPARTIAL, KM_R_OK = 9, 0
KM_AT_ONCE, KM_NEVER = -2**63, 2**63 - 1
KM_USE_SIGN, KM_MAY_BEGIN, KM_AUTHORITY_PSI, KM_SHARED_NO, KM_GIVE = 1, 2, 1, 1, 1
KM_MEMBERS_LATER = 2**(8 * ctypes.sizeof(c_size_t)) - 1
KM_KMS_BY_DOMAIN = 0xffffffff


class Str(Structure):
    _fields_ = [("s", c_char_p), ("len", c_size_t)]


class Time(Structure):
    _fields_ = [("seconds", c_int64), ("fraction", c_uint32)]


class Sized(Structure):
    _fields_ = [("struct_size", c_size_t)]

    def __init__(self, **fields):
        super().__init__(struct_size=ctypes.sizeof(self), **fields)


class KeyParams(Sized):
    _fields_ = [("activation", Time), ("expiry", Time), ("text", Str), ("groups", POINTER(Str)), ("n_groups", c_size_t),
                ("authority", c_uint32), ("shared", c_uint32), ("members", POINTER(Str)), ("n_members", c_size_t)]


class Made(Sized):
    _fields_ = [("tag", c_uint64), ("reason", c_int), ("err", c_int), ("at", c_size_t), ("len", c_size_t),
                ("uid_at", c_size_t), ("t", Time), ("period_no", c_uint64), ("gmk_id", c_uint32), ("guk_id", c_uint32),
                ("kms", c_uint32), ("shares_salt", c_uint32)]


km = ctypes.CDLL("libkeymuster.so.1")
for name, result, *arguments in (
        ("km_strerror", c_char_p, c_int), ("km_init", c_int, c_char_p),
        ("km_complaint_new", c_int, POINTER(p)), ("km_complaint_text", c_char_p, p), ("km_complaint_free", None, p),
        ("km_reason_text", c_char_p, c_int), ("km_time_now", Time),
        ("km_keyring_new", c_int, POINTER(p)), ("km_keyring_free", None, p),
        ("km_keyring_load_kms", c_int, p, c_char_p, p), ("km_keyring_load_keys", c_int, p, c_char_p, c_uint32, p),
        ("km_store_files", c_int, POINTER(p), c_char_p, c_int, p), ("km_store_free", None, p),
        ("km_gms_new", c_int, POINTER(p), p, p, c_char_p, c_char_p, p), ("km_gms_free", None, p),
        ("km_seal_none", p),
        ("km_key_file", c_int, POINTER(p), POINTER(c_uint32), p, c_char_p, p, POINTER(KeyParams), Time, p),
        ("km_key_free", None, p), ("km_batch_new", c_int, POINTER(p), p), ("km_batch_free", None, p),
        ("km_batch_add", c_int, p, p, c_char_p, c_size_t, c_uint32, c_uint32, c_uint64, p),
        ("km_batch_room", c_size_t, p), ("km_batch_count", c_size_t, p), ("km_batch_run", c_int, p, Time, p),
        ("km_batch_made", c_int, POINTER(Made), p, c_size_t), ("km_batch_octets", p, POINTER(c_size_t), p),
        ("km_batch_delivered", c_int, p, p), ("km_batch_clear", None, p)):
    getattr(km, name).restype, getattr(km, name).argtypes = result, arguments
why = p()


def must(err, what):
    if err:
        sys.exit(f"{what}: {km.km_strerror(err).decode()}: {km.km_complaint_text(why).decode() if why else ''}")


def serve(batch):
    """Messages of all that the batch holds; gives how many members were refused."""
    made, size, refused = Made(), c_size_t(), 0
    err = km.km_batch_run(batch, km.km_time_now(), why)
    if err != KM_EPARTIAL:
        must(err, "run")
    octets = ctypes.string_at(km.km_batch_octets(byref(size), batch), size.value)
    for i in range(km.km_batch_count(batch)):
        km.km_batch_made(byref(made), batch, i)
        if made.reason == KM_R_OK:
            print(octets[made.at:made.at + made.len].hex())
        else:
            refused += 1
            print(f"member {i}: {km.km_reason_text(made.reason).decode()}", file=sys.stderr)
    sys.stdout.flush()  # where that fails, whom it served stays unsure
    must(km.km_batch_delivered(batch, why), "journal")
    km.km_batch_clear(batch)
    return refused


def main(kms, keys, uri, kms_uri, group, state, key_file):
    ring, store, gms, key, batch, is_new, refused = p(), p(), p(), p(), p(), c_uint32(), 0
    params = KeyParams(activation=Time(KM_AT_ONCE), expiry=Time(KM_NEVER), groups=(Str * 1)(Str(group, len(group))),
                       n_groups=1, authority=KM_AUTHORITY_PSI, shared=KM_SHARED_NO, n_members=KM_MEMBERS_LATER)
    with contextlib.ExitStack() as at_end:
        for free, handle in ((km.km_complaint_free, why), (km.km_keyring_free, ring), (km.km_store_free, store),
                             (km.km_gms_free, gms), (km.km_key_free, key), (km.km_batch_free, batch)):
            at_end.callback(free, handle)
        must(km.km_init(None), "km_init")
        must(km.km_complaint_new(byref(why)), "memory")
        must(km.km_keyring_new(byref(ring)), "memory")
        must(km.km_keyring_load_kms(ring, kms, why), "KMS")
        must(km.km_keyring_load_keys(ring, keys, KM_USE_SIGN, why), "key sets")
        must(km.km_store_files(byref(store), state, KM_MAY_BEGIN, why), "state")
        must(km.km_gms_new(byref(gms), ring, store, uri, kms_uri, why), "GMS")
        must(km.km_key_file(byref(key), byref(is_new), gms, key_file, km.km_seal_none(), byref(params),
                            km.km_time_now(), why), "key")
        must(km.km_batch_new(byref(batch), ring), "memory")
        for line in sys.stdin.buffer:
            if km.km_batch_room(batch) == 0:
                refused += serve(batch)
            member = line.rstrip(b"\n")
            must(km.km_batch_add(batch, key, member, len(member), KM_KMS_BY_DOMAIN, KM_GIVE, 0, why), "member")
        refused += serve(batch)
    return 2 if refused else 0


if __name__ == "__main__":
    if len(sys.argv) != 8:
        sys.exit("usage: gms.py KMS.xml GMS-KEYS.xml GMS-URI KMS-URI GROUP-URI STATE KEY")
    sys.exit(main(*map(os.fsencode, sys.argv[1:])))
