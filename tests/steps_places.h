/* steps_places.h -- the instructions of the engine in this program, as steps_places.sh lists them. */
#ifndef KM_STEPS_PLACES_H
#define KM_STEPS_PLACES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/user.h>

enum { KIND_CALL = 'c', KIND_BRANCH = 'j', KIND_JUMP = 'b', KIND_STORE = 's', KIND_OTHER = 'o' };

typedef struct {
	uint32_t at, to;             /* from the start of the program; of a conditional jump */
	uint32_t function;
	uint8_t len;
	char kind;
	int8_t base, index, scale;   /* of the memory that is written to: words of user_regs_struct, or -1 */
	int32_t offset;
} place;

typedef struct {
	char name[96], file[48];
	bool kernel;
	size_t first, n;             /* places */
} place_function;

extern place *places;
extern place_function *functions;
extern size_t n_places, n_functions;

/* false: there is no such list. */
bool read_places(const char *path);
/* The place that begins there, from the start of the program; n_places: none does. */
size_t place_at(uint64_t at);
/* Where the program lies in memory. */
const uint8_t *program_start(void);
/* The memory that a store writes to, before it does. */
uint64_t place_writes(const place *p, const struct user_regs_struct *r);

#endif
