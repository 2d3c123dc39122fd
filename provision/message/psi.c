/* psi.c -- the PSI rule of clause 5.7.2: which GMS may manage a group, by the hosts of their URIs. */
#include <stdbool.h>
#include <string.h>

#include "gmk.h"

/* Is host that of the member?  Of an identity without a scheme, what stands behind its @.  One of
 * which that cannot be told, though it has an @, could live there. */
static bool lives_at(km_str member, const char *host, size_t len)
{
	char uri[5 + KM_URI_MAX], own[KM_URI_MAX + 1];
	size_t n = km_uri_host(own, member.s, member.len);

	if (n == 0 && member.len && member.len <= KM_URI_MAX && memchr(member.s, '@', member.len)) {
		memcpy(uri, "sip:", 4);
		memcpy(uri + 4, member.s, member.len);
		n = km_uri_host(own, uri, 4 + member.len);
		return n == 0 || (n == len && memcmp(own, host, len) == 0);
	}
	return n == len && memcmp(own, host, len) == 0;
}

KM_API int km_psi_rule(km_str gms, km_str group, km_str member)
{
	char a[KM_URI_MAX + 1], b[KM_URI_MAX + 1];
	size_t len = km_uri_host(a, gms.s, gms.len);

	if (len == 0 || km_uri_host(b, group.s, group.len) != len || memcmp(a, b, len) != 0)
		return 0;
	/* Where the member itself lives under that host, any user there could sign. */
	return !lives_at(member, a, len);
}
