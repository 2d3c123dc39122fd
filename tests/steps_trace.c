/* steps_trace.c -- one fault at one instruction of a child process, by ptrace.
 *
 * The child runs at its own speed to a moment (faults_moment): the start of the operation, or a call that the
 * stubs have counted.  A breakpoint is then put on the instruction, and taken away when the fault is done.  Both
 * processes are one until the fork, so that an address is the same in both.
 */
#include "tests/steps_trace.h"

#include <cpuid.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/steps_places.h"

enum { BREAK = 0xcc, TOO_LONG = 20 };

typedef struct {
	pid_t pid;
	int memory;
	bool gone, well;
} child;

/* ---- a child -------------------------------------------------------------------------------------- */

static void arm(const void *with)
{
	const step_fault *f = with;

	if (f == NULL || f->function >= n_fault_names) {
		faults_moment();
		return;
	}
	faults_function = f->function;
	faults_left = f->call;
	faults_kind = MOMENT;
}

/* In the child: not one that computes for ever. */
static void limit(double seconds)
{
	const time_t whole = (time_t)seconds;
	struct itimerval t = { .it_value = { whole, (suseconds_t)((seconds - (double)whole) * 1e6) } };

	setitimer(ITIMER_VIRTUAL, &t, NULL);
	alarm(TOO_LONG);
}

/* Waits until it stops.  false: it is gone, or is now, for it stopped for another reason than a step. */
static bool wait_for(child *c)
{
	int status;

	if (waitpid(c->pid, &status, 0) != c->pid) {
		c->gone = true;
		return false;
	}
	if (WIFSTOPPED(status)) {
		if (WSTOPSIG(status) == SIGTRAP)
			return true;
		kill(c->pid, SIGKILL);
		waitpid(c->pid, &status, 0);
	}
	c->gone = true;
	c->well = WIFEXITED(status) && WEXITSTATUS(status) == 0;
	return false;
}

static bool go_on(child *c, int how)
{
	return ptrace(how, c->pid, NULL, NULL) == 0 && wait_for(c);
}

/* A fork that is traced, at its first moment.  op NULL: of nothing. */
static bool start(child *c, const operation *op, const step_fault *f)
{
	char path[32];

	fflush(NULL);
	*c = (child){ .memory = -1 };
	c->pid = fork();
	if (c->pid == 0) {
		if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0)
			_exit(1);
		limit(f != NULL ? f->seconds : TOO_LONG);
		close(STDERR_FILENO); /* what the C library says of crashes */
		if (op == NULL)
			faults_moment();
		else if (f == NULL)
			act_once(op, &got[0], 0, arm, NULL);
		else
			act_in_child(op, arm, f);
		_exit(0);
	}
	c->gone = c->pid < 0;
	if (c->gone || !wait_for(c))
		return false;
	(void)ptrace(PTRACE_SETOPTIONS, c->pid, NULL, PTRACE_O_EXITKILL);
	snprintf(path, sizeof path, "/proc/%d/mem", (int)c->pid);
	c->memory = open(path, O_RDWR | O_CLOEXEC);
	return c->memory >= 0;
}

static void end(child *c)
{
	int status;

	if (!c->gone) {
		kill(c->pid, SIGKILL);
		waitpid(c->pid, &status, 0);
	}
	if (c->memory >= 0)
		close(c->memory);
}

static bool get(const child *c, struct user_regs_struct *r)
{
	return ptrace(PTRACE_GETREGS, c->pid, NULL, r) == 0;
}

static bool set(const child *c, const struct user_regs_struct *r)
{
	return ptrace(PTRACE_SETREGS, c->pid, NULL, r) == 0;
}

static bool put(const child *c, const void *at, const void *from, size_t len)
{
	return pwrite(c->memory, from, len, (off_t)(uintptr_t)at) == (ssize_t)len;
}

/* ---- vector registers ----------------------------------------------------------------------------- */

/* As the system keeps them. */
typedef struct {
	_Alignas(64) uint8_t octets[16384];
	size_t len;
} vectors;

enum { XMM_AT = 160, XMM_BYTES = 256, HEADER_AT = 512, COMPONENTS = 8 };

static bool get_vectors(const child *c, vectors *v)
{
	struct iovec to = { v->octets, sizeof v->octets };

	if (ptrace(PTRACE_GETREGSET, c->pid, (void *)NT_X86_XSTATE, &to) != 0)
		return false;
	v->len = to.iov_len;
	return true;
}

static bool set_vectors(const child *c, vectors *v)
{
	struct iovec from = { v->octets, v->len };

	return ptrace(PTRACE_SETREGSET, c->pid, (void *)NT_X86_XSTATE, &from) == 0;
}

/* Where component i lies: 1, xmm; 2, the halves above; 5, 6, 7, masks, and what AVX-512 adds. */
static size_t component(unsigned i, size_t *len)
{
	unsigned size = 0, at = 0, c = 0, d = 0;

	*len = XMM_BYTES;
	if (i == 1)
		return XMM_AT;
	*len = 0;
	if ((i == 2 || i >= 5) && __get_cpuid_count(0xd, i, &size, &at, &c, &d))
		*len = size;
	return at;
}

/* ---- faults --------------------------------------------------------------------------------------- */

enum { LINE = 64, MOST_CHANGED = 1024 };

/* What an instruction may change. */
typedef struct {
	struct user_regs_struct general;
	vectors vector;
	uint64_t memory[LINE / 8];
} state;

/* A word that has changed: of which part, and where. */
typedef struct {
	enum { GENERAL, FLAGS, VECTOR, MEMORY } part;
	size_t at;
	unsigned component;
} word;

static word changed[MOST_CHANGED];
static size_t n_changed;

static void compare(unsigned part, unsigned of, const void *before, const void *after, size_t at, size_t len)
{
	const uint8_t *b = before, *a = after;

	for (; len >= 8 && n_changed < MOST_CHANGED; at += 8, len -= 8)
		if (memcmp(b + at, a + at, 8) != 0)
			changed[n_changed++] = (word){ part, at, of };
}

/* The flags of arithmetic. */
static const unsigned long long arithmetic = 1 | 1 << 2 | 1 << 4 | 1 << 6 | 1 << 7 | 1 << 11;

static void find_changed(const state *b, const state *a)
{
	size_t len, at;

	n_changed = 0;
	compare(GENERAL, 0, &b->general, &a->general, 0, offsetof(struct user_regs_struct, orig_rax));
	compare(GENERAL, 0, &b->general, &a->general, offsetof(struct user_regs_struct, rsp), 8);
	compare(MEMORY, 0, b->memory, a->memory, 0, sizeof a->memory);
	for (unsigned i = 1; i < COMPONENTS; i++) {
		at = component(i, &len);
		if (at + len <= a->vector.len)
			compare(VECTOR, i, b->vector.octets, a->vector.octets, at, len);
	}
	/* What is written again as it was looks as if nothing were; so does a comparison. */
	if (n_changed == 0 || ((b->general.eflags ^ a->general.eflags) & arithmetic) != 0)
		changed[n_changed++ % MOST_CHANGED] = (word){ FLAGS, 0, 0 };
}

static void flip(void *octets, size_t at, uint64_t bit)
{
	((uint8_t *)octets)[at + bit / 8] ^= (uint8_t)(1 << bit % 8);
}

char trace_turned[64];

static void say(const word *w, uint64_t bit)
{
	static const char *const general[] = { "r15", "r14", "r13", "r12", "rbp", "rbx", "r11", "r10", "r9", "r8",
		"rax", "rcx", "rdx", "rsi", "rdi" };
	static const char *const parts[] = { "a general register", "flags", "a vector register", "memory" };
	const char *part = w->part != GENERAL ? parts[w->part] :
			w->at / 8 < sizeof general / sizeof *general ? general[w->at / 8] : "rsp";

	snprintf(trace_turned, sizeof trace_turned, "bit %u of %s", (unsigned)bit, part);
}

static bool turn_over(const child *c, state *s, uint64_t memory_at, uint64_t which)
{
	static const unsigned flags[] = { 0, 2, 4, 6, 7, 11 };
	const word *w = &changed[which % n_changed];
	uint64_t bit = (which >> 32) % 64;

	say(w, bit);
	switch (w->part) {
	case GENERAL:
		flip(&s->general, w->at, bit);
		return set(c, &s->general);
	case FLAGS:
		s->general.eflags ^= 1ull << flags[bit % 6];
		return set(c, &s->general);
	case MEMORY:
		flip(s->memory, w->at, bit);
		return put(c, (void *)(uintptr_t)(memory_at + w->at), (uint8_t *)s->memory + w->at, 8);
	case VECTOR:
		flip(s->vector.octets, w->at, bit);
		s->vector.octets[HEADER_AT] |= (uint8_t)(1 << w->component);
		return set_vectors(c, &s->vector);
	}
	return false;
}

static void get_state(const child *c, state *s, const place *p, uint64_t memory_at)
{
	memset(s, 0, sizeof *s);
	(void)get(c, &s->general);
	(void)get_vectors(c, &s->vector);
	if (p->kind == KIND_STORE && pread(c->memory, s->memory, LINE, (off_t)memory_at) != LINE)
		memset(s->memory, 0, LINE);
}

static bool flip_one(child *c, const place *p, const struct user_regs_struct *r, uint64_t which)
{
	static state before, after;
	uint64_t memory_at = place_writes(p, r);

	get_state(c, &before, p, memory_at);
	if (!go_on(c, PTRACE_SINGLESTEP))
		return false;
	get_state(c, &after, p, memory_at);
	find_changed(&before, &after);
	return turn_over(c, &after, memory_at, which);
}

/* The child stands before the instruction. */
static bool do_fault(child *c, const step_fault *f, struct user_regs_struct *r)
{
	const place *p = &places[f->place];
	uint64_t behind = r->rip + p->len;

	switch (f->kind) {
	case STEP_FLIPPED:
		return flip_one(c, p, r, f->which);
	case STEP_TURNED:
		if (!go_on(c, PTRACE_SINGLESTEP) || !get(c, r))
			return false;
		r->rip = r->rip == behind ? (uintptr_t)program_start() + p->to : behind;
		return set(c, r);
	case STEP_SKIPPED_0:
		r->rax = 0;
		/* fall through */
	case STEP_SKIPPED:
		r->rip = behind;
		return set(c, r);
	}
	return false;
}

/* ---- trials --------------------------------------------------------------------------------------- */

/* From a moment on, to the pass that is wanted.  *met: it came.  false: the child is gone, or no use. */
static bool to_pass(child *c, const step_fault *f, struct user_regs_struct *r, bool *met)
{
	static const uint8_t stop = BREAK;
	const uint8_t *at = program_start() + places[f->place].at;

	for (unsigned left = f->pass;; left--) {
		if (!put(c, at, &stop, 1) || !go_on(c, PTRACE_CONT) || !get(c, r))
			return false;
		*met = r->rip == (uintptr_t)at + 1;
		if (!put(c, at, at, 1))
			return false;
		if (!*met) /* the moment of the next run */
			return r->rip == (uintptr_t)faults_stop;
		r->rip--;
		if (!set(c, r))
			return false;
		if (left <= 1)
			return true;
		if (!go_on(c, PTRACE_SINGLESTEP))
			return false;
	}
}

outcome trace_trial(const operation *op, const step_fault *f, bool *met)
{
	struct user_regs_struct r;
	child c;
	bool here = start(&c, op, f), now;

	*met = false;
	while (here) {
		now = false;
		here = get(&c, &r) && r.rip == (uintptr_t)faults_stop && to_pass(&c, f, &r, &now);
		*met = *met || now;
		if (here && now)
			here = do_fault(&c, f, &r) && go_on(&c, PTRACE_CONT);
	}
	end(&c);
	return judge_child(op, c.gone && c.well);
}

/* Where nothing jumps: from i to the next transfer. */
static size_t end_of_run(size_t i)
{
	size_t last = functions[places[i].function].first + functions[places[i].function].n - 1;

	while (i < last && (places[i].kind == KIND_OTHER || places[i].kind == KIND_STORE))
		i++;
	return i;
}

static bool break_everywhere(const child *c)
{
	const uint8_t *first = program_start() + places[0].at;
	size_t len = places[n_places - 1].at + 1 - places[0].at;
	uint8_t *text = malloc(len);
	bool done;

	if (text == NULL)
		return false;
	memcpy(text, first, len);
	for (size_t i = 0; i < n_places; i++)
		text[places[i].at - places[0].at] = BREAK;
	done = put(c, first, text, len);
	free(text);
	return done;
}

bool trace_profile(const operation *op, bool *came_by)
{
	struct user_regs_struct r;
	child c;
	bool here = start(&c, op, NULL) && break_everywhere(&c);

	memset(came_by, 0, n_places * sizeof *came_by);
	while (here && go_on(&c, PTRACE_CONT) && get(&c, &r)) {
		size_t i = place_at(r.rip - 1 - (uintptr_t)program_start()), last;
		const uint8_t *at = program_start() + (i < n_places ? places[i].at : 0);

		if (i == n_places)
			break;
		last = end_of_run(i);
		memset(came_by + i, 1, last - i + 1);
		r.rip--;
		here = put(&c, at, at, places[last].at + places[last].len - places[i].at) && set(&c, &r);
	}
	end(&c);
	return c.gone && c.well;
}

const char *trace_refused(void)
{
	static vectors v;
	struct user_regs_struct r;
	const uint8_t *at = program_start() + places[0].at;
	child c;
	const char *why = NULL;

	errno = 0;
	if (!start(&c, NULL, NULL) || !get(&c, &r) || !get_vectors(&c, &v) || !put(&c, at, at, 1))
		why = errno != 0 ? strerror(errno) : "refused";
	end(&c);
	return why;
}
