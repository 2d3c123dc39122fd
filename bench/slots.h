/* slots.h -- the unit of the eight-lane figures: one 512-bit vpmadd52 of independent ones. */
#ifndef KM_SLOTS_H
#define KM_SLOTS_H

/* Nanoseconds of processor time a slot takes now; only where cpu_levels has CPU_IFMA.  Clocks
 * drift: measure it beside what it is compared with. */
double slots_ns(void);

/* Nanoseconds of processor time a cycle takes now: one dependent addition of a chain. */
double cycle_ns(void);

#endif
