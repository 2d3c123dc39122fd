/* kmsdoc_memory.c -- the parser's memory: locked, never in a core dump, and wiped as a whole. */
#include "kmsdoc_memory.h"

#include <stdint.h>
#include <string.h>

#include <sodium.h>

enum {
	PIECE = 1 << 16,        /* octets at least: a document of one key set fits in */
	ALIGN = 64,             /* sodium_malloc aligns what is a multiple of it */
};

/* Stands before what it holds. */
typedef struct kmsdoc_piece {
	_Alignas(ALIGN) struct kmsdoc_piece *next;
	size_t size, used;
} piece;

/* Before each part. */
typedef struct {
	_Alignas(16) size_t size;
} part;

/* The parser's calls have no argument that says whose they are. */
static _Thread_local kmsdoc_memory *own;

void kmsdoc_memory_begin(kmsdoc_memory *m)
{
	*m = (kmsdoc_memory){ NULL, own };
	own = m;
}

void kmsdoc_memory_end(kmsdoc_memory *m)
{
	own = m->outer;
	while (m->pieces != NULL) {
		piece *p = m->pieces;

		m->pieces = p->next;
		sodium_free(p);
	}
}

/* A piece with that many octets free; NULL: there is no memory. */
static piece *piece_for(size_t octets)
{
	piece *p = own->pieces;
	size_t size = sizeof *p + octets;

	if (p != NULL && p->size - p->used >= octets)
		return p;
	size = size < PIECE ? PIECE : (size + ALIGN - 1) / ALIGN * ALIGN;
	p = sodium_malloc(size);
	if (p == NULL)
		return NULL;
	*p = (piece){ .next = own->pieces, .size = size, .used = sizeof *p };
	own->pieces = p;
	return p;
}

static void *take(size_t size)
{
	const size_t octets = sizeof(part) + (size + sizeof(part) - 1) / sizeof(part) * sizeof(part);
	piece *in;
	part *out;

	if (size > SIZE_MAX / 4)
		return NULL;
	in = piece_for(octets);
	if (in == NULL)
		return NULL;
	out = (part *)(void *)((char *)in + in->used);
	in->used += octets;
	out->size = size;
	return out + 1;
}

static void *take_more(void *old, size_t size)
{
	const size_t had = old == NULL ? 0 : ((part *)old)[-1].size;
	void *out;

	if (old != NULL && size <= had)
		return old;
	out = take(size);
	if (out != NULL && old != NULL)
		memcpy(out, old, had);
	return out;
}

static void give_back(void *p)
{
	(void)p;
}

const XML_Memory_Handling_Suite kmsdoc_memory_calls = { take, take_more, give_back };
