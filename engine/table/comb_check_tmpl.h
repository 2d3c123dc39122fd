/* comb_check_tmpl.h -- whether every entry of a table over a point is what it should be, one element
 * at a time or eight.  All of it is public.
 *
 * The entries of a window with base B are T[k][j] = (2kn + 2j + 1)B, k < rows, j < n columns, n = 8 or
 * 16.  They are compared with the anchors A[k] = (2kn + 1)B and E[j] = 2jB, which are made again by
 * additions one after the other and end in links of the chain, so that the chain is shown too:
 *
 *   T[k][0] = A[k], and for j > 0 T[k][j] = A[k] + E[j] = A[k+1] - E[n-j].
 *
 * Points P, Q and -T are on a line where
 *   xT(yQ - yP) + yT(xQ - xP) + yP*xQ - xP*yQ = 0,
 * so each sum is a linear equation for T, and the two of T[k][j] have nothing but T in common.  All
 * of a window are taken together with random weights r[k]*s[j], the second kind with one more, t:
 * then T occurs in the sums U[k] = sum s[j]*T[k][j] and V[j] = sum r[k]*T[k][j] alone, and products
 * are as many as rows and columns instead of entries.  A wrong table of any kind passes with a
 * probability below 2^-49: what is summed is a polynomial of degree 3 in the weights, not 0.
 *
 * Needs comb_tmpl.h for points, and before it FN(weigh)(r, a, w, b), r = b + a*w times a constant, and
 *   sums(to, i, lane, weights, v, u, all)   lane of v[0..n-1], u[0..rows-1] = V, U of window i; all has
 *                                           room for its entries
 */

/* Each row is one multiple in every window. */
typedef struct {
	size_t count, rows, columns;
	CN(point) *e, *a, *end; /* [columns + 1], [rows + 1]; what they should end in */
	FE *prefix;
} CN(anchors);

/* to = from + by, all reduced; from may be to. */
static km_err CN(anchors_add)(const CN(anchors) *k, CN(point) *to, const CN(point) *from,
		const CN(point) *by)
{
	FE run, inv;
	km_err err;

	memmove(to, from, k->count * sizeof *to);
	FN(set_one)(&run);
	CN(add_forward)(&run, k->prefix, to, by, k->count);
	err = invert(&inv, &run);
	CN(add_backward)(&inv, to, by, k->prefix, k->count);
	for (size_t v = 0; v < k->count; v++) { /* x = l^2 - x1 - x2, y = l*(x1 - x) - y1 */
		FN(reduce)(&to[v].x, &to[v].x);
		FN(reduce)(&to[v].y, &to[v].y);
	}
	return err;
}

static void CN(anchors_load)(const CN(anchors) *k, CN(point) *row, const fp *chain,
		const comb_shape *shape, unsigned up)
{
	CN(row_load)(row, k->count, chain, shape, up);
	for (size_t v = 0; v < k->count; v++)
		CN(tidy)(&row[v]);
}

static km_err CN(anchors_make)(const CN(anchors) *k, const fp *chain, const comb_shape *shape)
{
	size_t n = k->count;
	CN(point) *e = k->e, *a = k->a;
	km_err err = KM_OK;

	CN(anchors_load)(k, a, chain, shape, 0);
	CN(anchors_load)(k, e + n, chain, shape, 1);
	CN(anchors_load)(k, e + 2 * n, chain, shape, 2);
	for (size_t j = 3; err == KM_OK && j <= k->columns; j++)
		err = CN(anchors_add)(k, e + j * n, e + (j - 1) * n, e + n);
	for (size_t i = 1; err == KM_OK && i <= k->rows; i++)
		err = CN(anchors_add)(k, a + i * n, a + (i - 1) * n, e + k->columns * n);
	CN(anchors_load)(k, k->end, chain, shape, k->columns == 8 ? 4 : 5);
	if (err == KM_OK && !km_equal(e + k->columns * n, k->end, n * sizeof *e))
		err = KM_ESELFTEST;
	CN(anchors_load)(k, k->end, chain, shape, shape->w);
	if (err == KM_OK)
		err = CN(anchors_add)(k, k->end, k->end, a);
	if (err == KM_OK && !km_equal(a + k->rows * n, k->end, n * sizeof *a))
		err = KM_ESELFTEST;
	return err;
}

/* The sums over rows, or over columns, of their points with their weights, and of the points they
 * are next to in the second kind of equation. */
typedef struct {
	CN(point) of, next;
} CN(weighed);

static void CN(weigh)(CN(point) *to, const CN(point) *a, uint64_t w)
{
	uint64_t all[LANES];

	for (size_t l = 0; l < LANES; l++)
		all[l] = w;
	FN(weigh)(&to->x, &a->x, all, &to->x);
	FN(weigh)(&to->y, &a->y, all, &to->y);
}

/* sum += w*(of + t*next).x*sum_of.y + w*(of + t*next).y*sum_of.x */
static void CN(meet)(FE *sum, const CN(point) *of, const CN(point) *next, const CN(point) *with,
		uint64_t w, uint64_t t)
{
	CN(point) both = *of, weighed;

	memset(&weighed, 0, sizeof weighed);
	CN(weigh)(&both, next, t);
	CN(weigh)(&weighed, &both, w);
	FN(mul_add)(sum, &weighed.y, &with->x, sum);
	FN(mul_add)(sum, &weighed.x, &with->y, sum);
}

/* Whether the equations of eight windows hold, or of one. */
static int CN(equations_hold)(const CN(anchors) *k, size_t at, const check_weights *w,
		const CN(point) *v, const CN(point) *u)
{
	CN(weighed) e, a;
	CN(point) minus;
	FE left, right, t, zero;
	uint64_t all[LANES];
	size_t n = k->count;

	memset(&e, 0, sizeof e);
	memset(&a, 0, sizeof a);
	memset(&left, 0, sizeof left);
	right = zero = left;
	for (size_t l = 0; l < LANES; l++)
		all[l] = w->t;
	for (size_t j = 1; j < k->columns; j++) {
		CN(neg)(&minus, &k->e[(k->columns - j) * n + at]);
		CN(meet)(&left, &k->e[j * n + at], &minus, &v[j], w->s[j], w->t);
		CN(weigh)(&e.of, &k->e[j * n + at], w->s[j]);
		CN(weigh)(&e.next, &k->e[(k->columns - j) * n + at], w->s[j]);
	}
	for (size_t i = 0; i < k->rows; i++) {
		CN(meet)(&right, &k->a[i * n + at], &k->a[(i + 1) * n + at], &u[i], w->r[i], w->t);
		CN(weigh)(&a.of, &k->a[i * n + at], w->r[i]);
		CN(weigh)(&a.next, &k->a[(i + 1) * n + at], w->r[i]);
	}
	FN(mul_add)(&left, &a.of.y, &e.of.x, &left);
	FN(mul_add)(&right, &a.of.x, &e.of.y, &right);
	FN(mul)(&t, &a.next.y, &e.next.x);
	FN(mul_add)(&t, &a.next.x, &e.next.y, &t);
	FN(weigh)(&left, &t, all, &left);
	FN(tidy)(&left);
	FN(tidy)(&right);
	a.next = v[0];
	CN(tidy)(&a.of);
	CN(tidy)(&a.next);
	return km_equal(&left, &right, sizeof left) && km_equal(&a.of, &a.next, sizeof a.of);
}

/* Too large for a stack. */
typedef struct {
	CN(point) v[COLUMNS_MAX], u[ROWS_MAX], all[ROWS_MAX * COLUMNS_MAX / LANES];
} CN(room);

static km_err CN(check_windows)(const CN(anchors) *k, CN(room) *room, const sink *to,
		const comb_shape *shape)
{
	check_weights w;
	km_err err = random_passing((uint8_t *)w.r, sizeof w.r + sizeof w.s + sizeof w.t, NULL);

	for (size_t i = 0; i < ROWS_MAX; i++)
		w.r[i] >>= 12;
	for (size_t i = 0; i < COLUMNS_MAX; i++)
		w.s[i] >>= 12;
	w.t >>= 12;
	w.s[0] = 0;
	w.rows = k->rows;
	w.columns = k->columns;
	memset(room->v, 0, sizeof room->v);
	memset(room->u, 0, sizeof room->u);
	for (size_t at = 0; err == KM_OK && at < k->count; at++) {
		for (size_t l = 0; l < LANES; l++) {
			size_t i = LANES * at + l, last = shape->windows - 1;

			sums(to, i < last ? i : last, l, &w, (FE *)room->v, (FE *)room->u, (FE *)room->all);
		}
		if (!CN(equations_hold)(k, at, &w, room->v, room->u))
			err = KM_ESELFTEST;
	}
	return err;
}

static km_err CN(check)(const sink *to, const fp *chain, const comb_shape *shape)
{
	size_t count = (shape->windows + LANES - 1) / LANES, columns = shape->w < 8 ? 8 : 16;
	size_t rows = shape->entries / columns, points = (columns + rows + 3) * count;
	CN(anchors) k = {count, rows, columns, aligned_alloc(64, points * sizeof(CN(point))), NULL, NULL,
			aligned_alloc(64, count * sizeof(FE))};
	CN(room) *room = aligned_alloc(64, sizeof *room);
	km_err err = k.e && k.prefix && room ? KM_OK : KM_ENOMEM;

	if (err == KM_OK) {
		k.a = k.e + (columns + 1) * count;
		k.end = k.a + (rows + 1) * count;
		err = CN(anchors_make)(&k, chain, shape);
	}
	if (err == KM_OK)
		err = CN(check_windows)(&k, room, to, shape);
	free(room);
	free(k.e);
	free(k.prefix);
	return err;
}
