/* kmsdoc_memory.h -- the parser's memory: locked, never in a core dump, and wiped as a whole. */
#ifndef KM_KMSDOC_MEMORY_H
#define KM_KMSDOC_MEMORY_H

#include <stddef.h>

#include <expat.h>

/* Zeroed, it has nothing.  Parts are given back with the whole: what a parser frees it keeps in lists of its own, or
 * has grown beyond. */
typedef struct kmsdoc_memory {
	struct kmsdoc_piece *pieces;
	struct kmsdoc_memory *outer;    /* that of a document which this thread is in the middle of */
} kmsdoc_memory;

/* From here to its end this thread's parsers, made with kmsdoc_memory_calls, have their memory of m. */
void kmsdoc_memory_begin(kmsdoc_memory *m);
void kmsdoc_memory_end(kmsdoc_memory *m);

extern const XML_Memory_Handling_Suite kmsdoc_memory_calls;

#endif
