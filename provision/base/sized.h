/* sized.h -- structs of a caller, who may have been built with an earlier or a later header. */
#ifndef KM_SIZED_H
#define KM_SIZED_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* Fill the caller's struct, which says its size in its first member, from one of this library: as much as it has, and
 * 0 in what it has beyond.  false: it says none, and is left as it is. */
static inline bool sized_put(void *out, const void *made, size_t size)
{
	size_t room;

	memcpy(&room, out, sizeof room);
	if (room < sizeof room)
		return false;
	memset((char *)out + sizeof room, 0, room - sizeof room);
	if (size > room)
		size = room;
	memcpy((char *)out + sizeof room, (const char *)made + sizeof room, size - sizeof room);
	return true;
}

#endif
