/* util_sanitized.h -- which sanitizer a test is built with, and what cannot be tested under one or an emulator. */
#ifndef KM_TESTS_UTIL_SANITIZED_H
#define KM_TESTS_UTIL_SANITIZED_H

#include "util.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED_ADDRESS
#elif __has_feature(thread_sanitizer)
#define SANITIZED_THREAD
#endif
#endif
#ifdef __SANITIZE_ADDRESS__
#define SANITIZED_ADDRESS
#elif defined(__SANITIZE_THREAD__)
#define SANITIZED_THREAD
#endif

/* Either keeps freed memory, and puts more of its own beside each object. */
#if defined(SANITIZED_ADDRESS) || defined(SANITIZED_THREAD)
#define SANITIZED
#endif

static inline void skip_where_freed_memory_is_kept(void)
{
#ifdef SANITIZED
	skip_as("a sanitizer keeps freed memory: not looked at");
#endif
}

/* First in a test whose children, of forks while threads allocate, allocate too.  The C library's allocator and that of
 * ThreadSanitizer are free in a child; AddressSanitizer's may be locked there for ever, by a thread that is not. */
static inline void skip_where_children_cannot_allocate(void)
{
#ifdef SANITIZED_ADDRESS
	skip_as("the allocator of AddressSanitizer may stay locked in a child: not forked while threads allocate");
#endif
}

/* The same of children that open files while threads do, which qemu-user does under a lock of its own. */
static inline void skip_where_children_cannot_open_files(void)
{
	skip_where_children_cannot_allocate();
	if (is_emulated())
		skip_as("a lock of qemu-user may stay locked in a child: not forked while threads open files");
}

#endif
