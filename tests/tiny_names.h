/* tiny_names.h -- the names of the templates over the small field: T(name) makes them those of one kind of
 * element. */
#define FE    T(fe)
#define FN(x) T(f_##x)
#define CN(x) T(ec_##x)
#define F2(x) T(f2_##x)
#define ED(x) T(ed_##x)
#define LN(x) T(lines_##x)
#define PN(x) T(pairing_##x)
#define EN(x) T(encap_##x)
#define KN(x) T(check_##x)
