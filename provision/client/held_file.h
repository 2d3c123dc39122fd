/* held_file.h -- the file in which a client keeps what it has accepted: held_frame.h's frames, each on disk before what
 * it says counts.  Who has it open has it alone; not for two threads at once. */
#ifndef KM_HELD_FILE_H
#define KM_HELD_FILE_H

#include "held_frame.h"

typedef struct held_file held_file;

/* Open or begin it, and read it into h, which is empty.  With KM_OK, *why may hold a remark.  KM_EIO; KM_ELOST: missing
 * where it must exist, or damaged; KM_EFORMAT: sealed under another key; KM_ENOMEM, KM_ELOCKED. */
KM_MUST km_err held_file_open(held_file **file, held *h, const char *path, const km_seal *seal, km_begin begin,
		km_complaint *why);
void held_file_close(held_file *file);
const km_seal *held_file_seal(const held_file *file);
/* Its octets. */
size_t held_file_end(const held_file *file);

/* Put on disk what a frame says.  KM_EIO, KM_ELOST: it does not count; KM_ENOMEM, KM_ERANDOM. */
KM_MUST km_err held_file_add(held_file *file, const held_said *said, km_complaint *why);

/* Put another in its place that says what h holds.  An error changes nothing, or the file takes nothing more. */
KM_MUST km_err held_file_replace(held_file *file, const held *h, km_complaint *why);
/* Its octets then. */
size_t held_file_size_of(const held *h, const km_seal *seal);

#endif
