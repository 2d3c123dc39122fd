// keymuster.hpp -- gmk.h for C++11 and later: objects that free themselves, errors that are thrown.
//
//     km::complaint why;
//     km::keyring ring;
//     km::check(km_keyring_new(km::out(ring)));
//     km::check(km_keyring_load_kms(ring.get(), path, why), why);
#ifndef KEYMUSTER_HPP
#define KEYMUSTER_HPP

#include <memory>
#include <stdexcept>
#include <string>
#include "provision/gmk.h"

namespace km {

template <class T, void (*Free)(T *)> struct freed {
	void operator()(T *p) const { Free(p); }
};
template <class T, void (*Free)(T *)> using object = std::unique_ptr<T, freed<T, Free>>;

using pool = object<km_pool, km_pool_free>;
using keyring = object<km_keyring, km_keyring_free>;
using view = object<km_view, km_view_free>;
using store = object<km_store, km_store_free>;
using seal = object<km_seal, km_seal_free>;
using gms = object<km_gms, km_gms_free>;
using key = object<km_key, km_key_free>;
using batch = object<km_batch, km_batch_free>;
using given = object<km_given, km_given_free>;
using client = object<km_client, km_client_free>;

// Where a call puts what it makes: it takes the place of what was held, when the call and its check are over.
template <class Object> class place {
	Object &holder;
	typename Object::pointer made = nullptr;
public:
	place(Object &object) : holder(object) {}
	place(const place &) = delete;
	~place() { holder.reset(made); }
	operator typename Object::pointer *() { return &made; }
};
template <class Object> place<Object> out(Object &object) { return {object}; }

struct error : std::runtime_error {
	km_err code;
	std::string field;          // the one that was refused, or ""
	error(km_err e, const std::string &text = "", const std::string &f = "") :
		std::runtime_error(km_strerror(e) + text), code(e), field(f) {}
};

inline void check(km_err e)
{
	if (e != KM_OK)
		throw error(e);
}

// For one thread at a time.
class complaint {
	object<km_complaint, km_complaint_free> own;
public:
	complaint() { check(km_complaint_new(out(own))); }
	operator km_complaint *() const { return own.get(); }
};

inline void check(km_err e, const complaint &why)
{
	if (e != KM_OK)
		throw error(e, std::string(": ") + km_complaint_text(why), km_complaint_field(why));
}

// As long as s stays as it is.
inline km_str str(const std::string &s) { return km_str{s.data(), s.size()}; }

// A struct of gmk.h: 0 but for its size.
template <class T> T sized()
{
	T t = T();
	t.struct_size = sizeof t;
	return t;
}

}
#endif
