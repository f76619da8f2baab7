/* SPDX-License-Identifier: Apache-2.0 */
/*
 * modules.c - which file's code lies where, over time.
 *
 * In a hook a pc is looked up with _dl_find_object, which takes no lock; dl_iterate_phdr,
 * which takes the loader's, is for the hooks of dlopen and dlclose, the start and the
 * end. The table only grows: a reader sees an entry once its count is published.
 */
#define _GNU_SOURCE
#include "preload/modules.h"

#include "preload/clock.h"
#include "preload/payload.h"
#include "preload/recorder.h"

#include <dlfcn.h>
#include <elf.h>
#include <link.h>
#include <string.h>

#define MODULES_MAX 16384

struct module {
	uintptr_t base, start, end;
	const uint8_t *eh_frame_hdr;
	const uint8_t *build_id;
	uint32_t build_id_bytes;
	bool gone;
	uint32_t seen; /* number of the last refresh that met it */
	uint64_t seen_ticks;
	char *path;
};

static struct module *modules; /* MODULES_MAX of them; [0] is id 1 */
static _Atomic uint32_t count; /* published entries */
static _Atomic bool busy;      /* somebody changes the table */
_Atomic uint64_t ms_modules_now;
size_t ms_modules_tls_bytes;

/* glibc 2.35 has it; by dlsym, so that older ones can load us. */
static int (*find_object)(void *pc, struct dl_find_object *result);

void ms_modules_closing(void)
{
	ms_modules_refresh();
	atomic_fetch_add_explicit(&ms_modules_now, (1ULL << 32) + 1,
				  memory_order_acq_rel);
}

void ms_modules_closed(void)
{
	ms_modules_refresh();
	/* one more generation, one close fewer: both halves of the word in one step */
	atomic_fetch_sub_explicit(&ms_modules_now, (1ULL << 32) - 1,
				  memory_order_acq_rel);
}

uintptr_t ms_modules_base(uint32_t module)
{
	return modules && module && module <= MODULES_MAX ? modules[module - 1].base : 0;
}

bool ms_modules_at(struct ms_code *code, uint32_t id)
{
	const struct module *m;

	if (!modules || !id || id > atomic_load_explicit(&count, memory_order_acquire))
		return false;
	m = &modules[id - 1];
	*code = (struct ms_code){ m->gone ? 0 : id, m->base, m->start, m->end,
				  m->eh_frame_hdr };
	return true;
}

/* --- the table ---------------------------------------------------------------------- */

/* A short, bounded wait: a holder needs microseconds; who gets nothing goes on without.
 */
static bool table_take(void)
{
	for (unsigned i = 0; i < 20000; i++) {
		if (!atomic_exchange_explicit(&busy, true, memory_order_acquire))
			return true;
		ms_cpu_relax();
	}
	return false;
}

static void table_give(void)
{
	atomic_store_explicit(&busy, false, memory_order_release);
}

static void put_module(const struct module *m, uint32_t id)
{
	struct ms_payload l;

	ms_payload_begin_sized(&l, MS_PAYLOAD_SMALL + strlen(m->path));
	ms_payload_number(&l, id);
	ms_payload_number(&l, m->seen_ticks);
	ms_payload_number(&l, m->base);
	ms_payload_number(&l, m->start);
	ms_payload_number(&l, m->end);
	ms_payload_number(&l, m->build_id_bytes);
	ms_payload_bytes(&l, m->build_id, m->build_id_bytes);
	ms_payload_text(&l, m->path);
	ms_payload_put(&l, MS_RECORD_MODULE);
}

static void put_gone(uint32_t id)
{
	struct ms_payload l;

	ms_payload_begin(&l);
	ms_payload_number(&l, id);
	ms_payload_number(&l, ms_now_after());
	ms_payload_put(&l, MS_RECORD_MODULE_GONE);
}

void ms_modules_rewrite(void)
{
	uint32_t n = atomic_load_explicit(&count, memory_order_acquire);

	for (uint32_t i = 0; i < n; i++)
		if (!modules[i].gone)
			put_module(&modules[i], i + 1);
}

static bool same(const struct module *a, const struct module *b)
{
	return a->base == b->base && a->start == b->start && a->end == b->end &&
	       a->build_id_bytes == b->build_id_bytes &&
	       !memcmp(a->build_id, b->build_id, a->build_id_bytes) &&
	       !strcmp(a->path, b->path);
}

static void write_off(uint32_t index)
{
	modules[index].gone = true;
	put_gone(index + 1);
}

/* Paths and build-ids must outlive the module: copied once into memory of ours. */
static bool keep(struct module *m)
{
	size_t path = strlen(m->path) + 1;
	char *copy = ms_map(path + m->build_id_bytes, false);

	if (!copy)
		return false;
	memcpy(copy, m->path, path);
	if (m->build_id_bytes)
		memcpy(copy + path, m->build_id, m->build_id_bytes);
	m->path = copy;
	m->build_id = (uint8_t *)copy + path;
	return true;
}

/* The id of the module, registered if it is new; 0: no room.  The table is taken. */
static uint32_t enter(struct module *m)
{
	uint32_t n = atomic_load_explicit(&count, memory_order_relaxed);

	for (uint32_t i = n; i-- > 0;) {
		if (modules[i].gone)
			continue;
		if (same(&modules[i], m))
			return i + 1;
		/* another file lies there now: the old one went away unseen */
		if (m->start < modules[i].end && modules[i].start < m->end)
			write_off(i);
	}
	if (n == MODULES_MAX || !keep(m)) {
		ms_lost(MS_LOST_MODULES, 1);
		return 0;
	}
	m->seen_ticks = ms_now_after();
	m->gone = false;
	modules[n] = *m;
	/* release: pairs with the loads of count that read entries */
	atomic_store_explicit(&count, n + 1, memory_order_release);
	put_module(m, n + 1);
	return n + 1;
}

/* --- describing a module from its program headers -------------------------------------
 */

#define ALIGN4(n) (((n) + 3) & ~(size_t)3)

static void find_build_id(struct module *m, const uint8_t *notes, size_t bytes)
{
	while (bytes >= sizeof(Elf64_Nhdr)) {
		const Elf64_Nhdr *n = (const Elf64_Nhdr *)notes;
		size_t name = ALIGN4((size_t)n->n_namesz),
		       desc = ALIGN4((size_t)n->n_descsz);

		if (sizeof *n + name + desc > bytes)
			return;
		if (n->n_type == NT_GNU_BUILD_ID && n->n_namesz == 4 &&
		    n->n_descsz <= 64 && !memcmp(n + 1, "GNU", 4)) {
			m->build_id = notes + sizeof *n + name;
			m->build_id_bytes = n->n_descsz;
			return;
		}
		notes += sizeof *n + name + desc;
		bytes -= sizeof *n + name + desc;
	}
}

static void read_headers(struct module *m, const ElfW(Phdr) * headers, size_t n)
{
	m->start = UINTPTR_MAX;
	for (size_t i = 0; i < n; i++) {
		const ElfW(Phdr) *h = &headers[i];
		uintptr_t at = m->base + h->p_vaddr;

		if (h->p_type == PT_LOAD) {
			m->start = at < m->start ? at : m->start;
			m->end = at + h->p_memsz > m->end ? at + h->p_memsz : m->end;
		} else if (h->p_type == PT_GNU_EH_FRAME) {
			m->eh_frame_hdr = (const uint8_t *)at;
		} else if (h->p_type == PT_NOTE && !m->build_id_bytes) {
			find_build_id(m, (const uint8_t *)at, h->p_memsz);
		}
	}
	m->start &= ~(uintptr_t)(MS_WIRE_PAGE - 1);
	m->end = (m->end + MS_WIRE_PAGE - 1) & ~(uintptr_t)(MS_WIRE_PAGE - 1);
}

/* The main program has no name of its own in the loader's list. */
static char program_path[4096];

static char *name_of(const char *name)
{
	return name && *name ? (char *)name : program_path;
}

/* --- looking a pc up in a hook
 * ---------------------------------------------------------- */

static bool in_table(struct ms_code *code, uintptr_t pc)
{
	uint32_t n = atomic_load_explicit(&count, memory_order_acquire);

	for (uint32_t i = n; i-- > 0;) {
		const struct module *m = &modules[i];

		if (m->gone || pc < m->start || pc >= m->end)
			continue;
		*code = (struct ms_code){ i + 1, m->base, m->start, m->end,
					  m->eh_frame_hdr };
		return true;
	}
	return false;
}

/* The ELF header lies at the start of the mapping in every file that a linker made. */
static bool describe(struct module *m, const struct dl_find_object *object)
{
	const ElfW(Ehdr) *e = object->dlfo_map_start;

	m->base = object->dlfo_link_map->l_addr;
	m->path = name_of(object->dlfo_link_map->l_name);
	m->start = (uintptr_t)object->dlfo_map_start;
	m->end = (uintptr_t)object->dlfo_map_end;
	if (memcmp(e->e_ident, ELFMAG, SELFMAG) || e->e_phentsize != sizeof(ElfW(Phdr)) ||
	    e->e_phoff + (uint64_t)e->e_phnum * sizeof(ElfW(Phdr)) > MS_WIRE_PAGE)
		return false;
	m->end = 0;
	read_headers(m, (const ElfW(Phdr) *)((const char *)e + e->e_phoff), e->e_phnum);
	return m->start < m->end;
}

/* The one module that the loader lists but does not find by address. */
static bool is_vdso(const struct module *m)
{
	return !strncmp(m->path, "linux-vdso", 10);
}

/*
 * The table's answer is checked against the loader's: a file that was unloaded behind our
 * back (a gconv module, say) may have left its range to another.
 */
bool ms_modules_find(struct ms_code *code, uintptr_t pc)
{
	struct dl_find_object object;
	struct module m = { 0 };
	bool known = in_table(code, pc);

	if (!find_object || !modules)
		return known;
	if (find_object((void *)pc, &object))
		return known && is_vdso(&modules[code->module - 1]);
	if (known && code->base == object.dlfo_link_map->l_addr &&
	    !strcmp(modules[code->module - 1].path,
		    name_of(object.dlfo_link_map->l_name)) &&
	    ms_modules_generation())
		return true;
	if (!describe(&m, &object))
		return known;
	*code = (struct ms_code){ 0, m.base, m.start, m.end, m.eh_frame_hdr };
	if (table_take()) {
		code->module = enter(&m);
		table_give();
	}
	return true;
}

/* --- the loader's whole list
 * -------------------------------------------------------------- */

struct refresh {
	uint32_t number;
	bool first, unchanged;
};

/* The loader counts what it loads and unloads: equal counts, equal list. */
static bool list_unchanged(const struct dl_phdr_info *info)
{
	static _Atomic uint64_t last_adds, last_subs;
	uint64_t adds = atomic_exchange(&last_adds, info->dlpi_adds);
	uint64_t subs = atomic_exchange(&last_subs, info->dlpi_subs);

	return adds == info->dlpi_adds && subs == info->dlpi_subs;
}

#define TLS_MAX (1UL << 20) /* what lies further away is dynamic */

static void measure_tls(const struct dl_phdr_info *info)
{
	uintptr_t end = ms_thread_pointer(), at = (uintptr_t)info->dlpi_tls_data;

	if (at && at < end && end - at < TLS_MAX && end - at > ms_modules_tls_bytes)
		ms_modules_tls_bytes = end - at;
}

static int visit(struct dl_phdr_info *info, size_t size, void *context)
{
	struct module m = { .base = info->dlpi_addr, .path = name_of(info->dlpi_name) };
	struct refresh *refresh = context;
	uint32_t id;

	(void)size;
	if (refresh->first && list_unchanged(info)) {
		refresh->unchanged = true;
		return 1;
	}
	refresh->first = false;
	measure_tls(info);
	read_headers(&m, info->dlpi_phdr, info->dlpi_phnum);
	if (m.start >= m.end || !table_take())
		return 0;
	id = enter(&m);
	if (id && modules[id - 1].seen < refresh->number)
		modules[id - 1].seen = refresh->number;
	table_give();
	return 0;
}

/* The list has one namespace only; a module of dlmopen's others is asked for by address.
 */
static bool still_there(const struct module *m)
{
	struct dl_find_object object;

	return find_object && !find_object((void *)m->start, &object) &&
	       !strcmp(m->path, name_of(object.dlfo_link_map->l_name));
}

void ms_modules_refresh(void)
{
	static _Atomic uint32_t refreshes;
	struct refresh refresh = { .number = 1 + atomic_fetch_add(&refreshes, 1),
				   .first = true };
	uint32_t n = atomic_load_explicit(&count, memory_order_acquire);

	if (!modules)
		return;
	dl_iterate_phdr(visit, &refresh);
	for (uint32_t i = 0; i < n && !refresh.unchanged; i++) {
		if (modules[i].gone || modules[i].seen >= refresh.number ||
		    still_there(&modules[i]))
			continue;
		if (!table_take())
			return;
		if (!modules[i].gone)
			write_off(i);
		table_give();
	}
}

void ms_modules_forked(void)
{
	table_give();
	/* a dlclose of another thread will never end here */
	atomic_fetch_and(&ms_modules_now, 0xffffffffULL);
	atomic_fetch_add(&ms_modules_now, 1);
}

void ms_modules_init(void)
{
	long n = ms_sys(SYS_readlink, "/proc/self/exe", program_path,
			sizeof program_path - 1, 0);

	if (ms_sys_failed(n))
		strcpy(program_path, "program");
	atomic_store(&ms_modules_now, 1);
	modules = ms_map(MODULES_MAX * sizeof *modules, false);
	find_object = (int (*)(void *, struct dl_find_object *))dlsym(RTLD_DEFAULT,
								      "_dl_find_object");
	ms_modules_refresh();
}
