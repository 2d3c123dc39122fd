/* plugin.h -- what a plugin of qemu may call, version 1 of the interface: the part that is used here.
 *
 * Debian's qemu-user exports these functions but ships no header of them.  A plugin is a shared object for the host,
 * built by its own compiler (cc -shared -fPIC) without any library, and loaded by
 * qemu-aarch64 -plugin build/qemu/count.so,NAME=VALUE PROGRAM.  It must define qemu_plugin_version as 1, visible.
 *
 * Code is translated a block at a time, ahead of its first run, and possibly more than once: a callback of
 * qemu_plugin_register_vcpu_tb_trans_cb says for each instruction of a block what is to happen when it runs.
 */
#ifndef KM_QEMU_PLUGIN_H
#define KM_QEMU_PLUGIN_H

#include <stddef.h>
#include <stdint.h>

#define PLUGIN_VISIBLE __attribute__((visibility("default")))

typedef struct qemu_plugin_tb plugin_tb;     /* a block; valid within the callback that gives it */
typedef struct qemu_plugin_insn plugin_insn; /* an instruction of it; the same */

enum { PLUGIN_NO_REGS = 0 };                 /* a callback reads no registers: there is no call to do so */
enum { PLUGIN_ADD = 0 };                     /* the one operation that is done inline */
enum { PLUGIN_READ = 1, PLUGIN_WRITE = 2, PLUGIN_BOTH = 3 };

typedef void plugin_tb_cb(uint64_t id, plugin_tb *tb);
typedef void plugin_exec_cb(unsigned cpu, void *data);
typedef void plugin_mem_cb(unsigned cpu, uint32_t info, uint64_t address, void *data);
typedef void plugin_exit_cb(uint64_t id, void *data);

/* Of the plugin: argv holds NAME=VALUE.  Other than 0: the program is not started. */
PLUGIN_VISIBLE extern int qemu_plugin_version;
PLUGIN_VISIBLE int qemu_plugin_install(uint64_t id, const void *info, int argc, char **argv);

/* Of qemu.  A callback before an instruction runs comes before its accesses to memory. */
void qemu_plugin_register_vcpu_tb_trans_cb(uint64_t id, plugin_tb_cb *cb);
void qemu_plugin_register_vcpu_insn_exec_cb(plugin_insn *insn, plugin_exec_cb *cb, int regs, void *data);
void qemu_plugin_register_vcpu_insn_exec_inline(plugin_insn *insn, int op, void *counter, uint64_t by);
void qemu_plugin_register_vcpu_mem_cb(plugin_insn *insn, plugin_mem_cb *cb, int regs, int which, void *data);
void qemu_plugin_register_atexit_cb(uint64_t id, plugin_exit_cb *cb, void *data);

size_t qemu_plugin_tb_n_insns(const plugin_tb *tb);
plugin_insn *qemu_plugin_tb_get_insn(const plugin_tb *tb, size_t index);

/* The octets as they lie in memory, size of them; the symbol is NULL where none is known, else it stays. */
const void *qemu_plugin_insn_data(const plugin_insn *insn);
size_t qemu_plugin_insn_size(const plugin_insn *insn);
uint64_t qemu_plugin_insn_vaddr(const plugin_insn *insn);
const char *qemu_plugin_insn_symbol(const plugin_insn *insn);
/* As text, for the caller to free. */
char *qemu_plugin_insn_disas(const plugin_insn *insn);

/* Of an access: whether it stores, and the logarithm to base 2 of its octets. */
_Bool qemu_plugin_mem_is_store(uint32_t info);
unsigned qemu_plugin_mem_size_shift(uint32_t info);

/* Where the program's code begins: what is loaded anywhere has addresses from there on. */
uint64_t qemu_plugin_start_code(void);

/* Text to where -D FILE or stderr is. */
void qemu_plugin_outs(const char *text);

#endif
