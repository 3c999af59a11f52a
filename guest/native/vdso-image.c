// SPDX-License-Identifier: MIT
/* After Documentation/ABI/stable/vdso and the kernel's own selftests/vDSO/parse_vdso.c. */
#include <elf.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/auxv.h>

#include "vdso-image.h"

struct tables {
	uintptr_t bias;
	const Elf64_Dyn *dynamic;
	const Elf64_Sym *symbols;
	const char *strings;
	size_t count;
};

/* A linked address is relative to the first loaded segment's. */
static void find_segments(const Elf64_Ehdr *image, struct tables *tables)
{
	const Elf64_Phdr *segment = (const void *)((const char *)image + image->e_phoff);
	const Elf64_Phdr *load = NULL;

	for (int i = 0; i < image->e_phnum; i++, segment++) {
		if (segment->p_type == PT_LOAD && !load)
			load = segment;
		else if (segment->p_type == PT_DYNAMIC)
			tables->dynamic = (const void *)((const char *)image + segment->p_offset);
	}
	if (load)
		tables->bias = (uintptr_t)image + load->p_offset - load->p_vaddr;
}

/* DT_GNU_HASH does not store a count: the symbol after the last chain's end is it. */
static size_t gnu_hash_count(const uint32_t *table)
{
	const uint32_t buckets = table[0];
	const uint32_t first = table[1];
	const uint32_t *bucket = table + 4 + table[2] * 2;
	const uint32_t *chain = bucket + buckets;
	uint32_t last = 0;

	for (uint32_t i = 0; i < buckets; i++)
		if (bucket[i] > last)
			last = bucket[i];
	if (last < first)
		return first;
	while (!(chain[last - first] & 1))
		last++;
	return last + 1;
}

static void find_tables(struct tables *tables)
{
	for (const Elf64_Dyn *entry = tables->dynamic; entry->d_tag != DT_NULL; entry++) {
		const void *at = (const void *)(tables->bias + entry->d_un.d_ptr);

		switch (entry->d_tag) {
		case DT_SYMTAB:
			tables->symbols = at;
			break;
		case DT_STRTAB:
			tables->strings = at;
			break;
		/* Older kernels have this table, newer ones only the other: each tells how many symbols there are. */
		case DT_HASH:
			tables->count = ((const uint32_t *)at)[1];
			break;
		case DT_GNU_HASH:
			if (!tables->count)
				tables->count = gnu_hash_count(at);
			break;
		default:
			break;
		}
	}
}

void *vdso_symbol(const char *name)
{
	const Elf64_Ehdr *image = (const void *)getauxval(AT_SYSINFO_EHDR);
	struct tables tables = { 0 };

	if (!image)
		return NULL;
	find_segments(image, &tables);
	if (!tables.dynamic)
		return NULL;
	find_tables(&tables);
	if (!tables.symbols || !tables.strings)
		return NULL;
	for (size_t i = 0; i < tables.count; i++) {
		const Elf64_Sym *symbol = &tables.symbols[i];

		if (symbol->st_shndx != SHN_UNDEF && !strcmp(tables.strings + symbol->st_name, name))
			return (void *)(tables.bias + symbol->st_value);
	}
	return NULL;
}
