/*
 * evt_patterns.h: patterns and filters between an application's memory and the
 * call block, written once for the structures of both generations. Included by
 * evt_a01.c and evt_b01.c after the headers of their generation, with
 *   SIZE            the type of the sizes in it
 *   ROOM(p)         the member that tells how much room an entry has
 *   ARRAY_ROOM(a)   likewise of the array
 *   ONE_BLOCK       defined: an array that the library allocates is one piece of
 *                   memory with its patterns
 */
#include <stdlib.h>
#include <string.h>

static int is_negative(SIZE n)
{
	return n != 0 && !(n > 0);
}

static unsigned take_pattern(struct aisrt_pattern *to, const SaEvtEventPatternT *from)
{
	if (is_negative(from->patternSize) || (from->pattern == NULL && from->patternSize > 0))
		return AISF_INVALID_PARAM;
	if (from->patternSize > AISF_PATTERN_MAX)
		return AISF_TOO_BIG;
	to->base = from->pattern;
	to->size = (size_t)from->patternSize;
	to->type = 0;
	return AISF_OK;
}

/* list has AISF_PATTERNS_MAX entries. */
static unsigned take_patterns(struct aisrt_pattern *list, const SaEvtEventPatternArrayT *a, unsigned *count)
{
	unsigned error = AISF_OK, i;

	if (is_negative(a->patternsNumber) || (a->patterns == NULL && a->patternsNumber > 0))
		return AISF_INVALID_PARAM;
	if (a->patternsNumber > AISF_PATTERNS_MAX)
		return AISF_TOO_BIG;
	*count = (unsigned)a->patternsNumber;
	for (i = 0; i < *count && error == AISF_OK; i++)
		error = take_pattern(&list[i], &a->patterns[i]);
	return error;
}

static unsigned take_filters(struct aisrt_pattern *list, const SaEvtEventFilterArrayT *a, unsigned *count)
{
	unsigned error = AISF_OK, i;

	if (is_negative(a->filtersNumber) || (a->filters == NULL && a->filtersNumber > 0))
		return AISF_INVALID_PARAM;
	if (a->filtersNumber > AISF_PATTERNS_MAX)
		return AISF_TOO_BIG;
	*count = (unsigned)a->filtersNumber;
	for (i = 0; i < *count && error == AISF_OK; i++) {
		const SaEvtEventFilterT *f = &a->filters[i];

		if (f->filterType < SA_EVT_PREFIX_FILTER || f->filterType > SA_EVT_PASS_ALL_FILTER)
			return AISF_INVALID_PARAM;
		memset(&list[i], 0, sizeof(list[i]));
		if (f->filterType != SA_EVT_PASS_ALL_FILTER)
			error = take_pattern(&list[i], &f->filter);
		list[i].type = (uint32_t)f->filterType;
	}
	return error;
}

/* Are there negative numbers where the application says how much room it has? */
static int is_bad_room(const SaEvtEventPatternArrayT *a)
{
	SIZE i;

	if (a->patterns == NULL)
		return 0;
	if (is_negative(ARRAY_ROOM(a)))
		return 1;
	for (i = 0; i < ARRAY_ROOM(a) && i < AISF_PATTERNS_MAX; i++)
		if (a->patterns[i].pattern != NULL && is_negative(ROOM(&a->patterns[i])))
			return 1;
	return 0;
}

/* Is there room for the pattern, or is it the library's to allocate? */
static int fits(const SaEvtEventPatternT *p, uint32_t size)
{
	return p->pattern == NULL || (uint64_t)ROOM(p) >= size;
}

/* Allocates what the application left to the library; all or nothing. */
static int allocate_patterns(SaEvtEventPatternT *list, const uint32_t *sizes, uint32_t n)
{
	uint8_t mine[AISF_PATTERNS_MAX];
	uint32_t i;

	for (i = 0; i < n; i++) {
		mine[i] = list[i].pattern == NULL;
		if (!mine[i])
			continue;
		list[i].pattern = malloc(sizes[i] == 0 ? 1 : sizes[i]);
		if (list[i].pattern == NULL)
			break;
		ROOM(&list[i]) = (SIZE)sizes[i];
	}
	if (i == n)
		return 1;
	while (i-- > 0)
		if (mine[i]) {
			free(list[i].pattern);
			list[i].pattern = NULL;
		}
	return 0;
}

/* Allocates an array for patterns of these sizes, with room for them if that is to be
 * one block. */
static SaEvtEventPatternT *allocate_list(const uint32_t *sizes, uint32_t n)
{
	size_t size = (n == 0 ? 1 : n) * sizeof(SaEvtEventPatternT);
#ifdef ONE_BLOCK
	SaEvtEventPatternT *list;
	uint8_t *bytes;
	uint32_t i;

	for (i = 0; i < n; i++)
		size += sizes[i];
	list = calloc(1, size);
	if (list == NULL)
		return NULL;
	bytes = (uint8_t *)(list + (n == 0 ? 1 : n));
	for (i = 0; i < n; bytes += sizes[i++]) {
		list[i].pattern = bytes;
		ROOM(&list[i]) = (SIZE)sizes[i];
	}
	return list;
#else
	(void)sizes;
	return calloc(1, size);
#endif
}

/* What saEvtEventAttributesGet tells of the patterns in c. */
static unsigned give_patterns(SaEvtEventPatternArrayT *a, const struct aisrt_call *c)
{
	const uint32_t *sizes = c->out;
	uint32_t n = c->items, i;
	const uint8_t *bytes = (const uint8_t *)(sizes + n);
	SaEvtEventPatternT *list = a->patterns;
	unsigned error = AISF_OK;
	uint64_t room = ARRAY_ROOM(a);

	if (list == NULL) {
		list = allocate_list(sizes, n);
		if (list == NULL)
			return AISF_NO_MEMORY;
		room = n;
	}
	if (room < n)
		error = AISF_NO_SPACE;
	for (i = 0; i < n && i < room; i++)
		if (!fits(&list[i], sizes[i]))
			error = AISF_NO_SPACE;
	if (error == AISF_OK && !allocate_patterns(list, sizes, n))
		error = AISF_NO_MEMORY;
	if (error == AISF_NO_MEMORY) {
		if (a->patterns == NULL)
			free(list);
		return error;
	}
	a->patternsNumber = (SIZE)n;
	for (i = 0; i < n && i < room; i++) {
		list[i].patternSize = (SIZE)sizes[i];
		if (error == AISF_OK && sizes[i] > 0)
			memcpy(list[i].pattern, bytes, sizes[i]);
		bytes += sizes[i];
	}
	if (error == AISF_OK && a->patterns == NULL) {
		a->patterns = list;
		ARRAY_ROOM(a) = (SIZE)n;
	}
	return error;
}

/* Names. */
static int is_name(const SaNameT *name)
{
	return name != NULL && name->length > 0 && name->length <= AISF_NAME_MAX;
}

static int is_flags(SaEvtChannelOpenFlagsT flags)
{
	const unsigned known = SA_EVT_CHANNEL_PUBLISHER | SA_EVT_CHANNEL_SUBSCRIBER | SA_EVT_CHANNEL_CREATE;

	return flags != 0 && (flags & ~known) == 0;
}

static struct aisf_opening opening(const SaNameT *name, SaEvtChannelOpenFlagsT flags)
{
	struct aisf_opening o;

	o.name = name->value;
	o.length = name->length;
	o.flags = flags;
	return o;
}

/* Where the attributes go that the application asks for. */
struct wanted {
	SaEvtEventPatternArrayT *patterns;
	SaEvtEventPriorityT *priority;
	SaTimeT *retention;
	SaNameT *publisher;
	SaTimeT *time;
	SaEvtEventIdT *id;
};

static unsigned give_attributes(struct aisf_handle *h, uint64_t event, const struct wanted *w)
{
	struct aisrt_call c;
	unsigned error = aisf_evt_get(h, event, &c);

	if (error == AISF_OK && w->patterns != NULL)
		error = give_patterns(w->patterns, &c);
	if (error == AISF_OK || error == AISF_NO_SPACE) {
		if (w->priority != NULL)
			*w->priority = (SaEvtEventPriorityT)c.evt.priority;
		if (w->retention != NULL)
			*w->retention = c.evt.retention;
		if (w->publisher != NULL) {
			memset(w->publisher, 0, sizeof(*w->publisher));
			w->publisher->length = (SaUint16T)c.evt.publisher_length;
			memcpy(w->publisher->value, c.evt.publisher, c.evt.publisher_length);
		}
		if (w->time != NULL)
			*w->time = c.evt.time;
		if (w->id != NULL)
			*w->id = c.evt.id;
	}
	free(c.out);
	return error;
}

/* Checks and sets; NULL patterns and name leave what is there. */
static unsigned check_attributes(struct aisrt_evt *to, struct aisrt_pattern *list, const SaEvtEventPatternArrayT *patterns,
	SaEvtEventPriorityT priority, SaTimeT retention, const SaNameT *publisher)
{
	unsigned count = 0, error = AISF_OK;

	memset(to, 0, sizeof(*to));
	if (priority > SA_EVT_LOWEST_PRIORITY || retention < 0 ||
		(publisher != NULL && publisher->length > AISF_NAME_MAX))
		return AISF_INVALID_PARAM;
	if (patterns != NULL) {
		error = take_patterns(list, patterns, &count);
		to->patterns = list;
		to->pattern_count = count;
	}
	to->priority = priority;
	to->retention = retention;
	if (publisher != NULL) {
		to->name = publisher->value;
		to->name_length = publisher->length;
	}
	return error;
}
