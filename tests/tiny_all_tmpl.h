/* tiny_all_tmpl.h -- the templates of the curve over the small field, and what they need of it. */
#include "tiny_names.h"
#include "tiny_field_tmpl.h"

enum { CN(lanes) = LANES };

typedef struct {
	FE x, y;
} CN(point), CN(sum);

#include "engine/curve/curve_tmpl.h"
#include "engine/field/fp2_tmpl.h"
#include "engine/curve/edwards_tmpl.h"
