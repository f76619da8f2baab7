/* SPDX-License-Identifier: Apache-2.0 */
/*
 * record_check.c - can the recorder be preloaded into this program?
 *
 * The dynamic loader does the preloading, and where it does not (static
 * programs, set-id ones) it stays silent: the program would run unrecorded.  So
 * we look first, and refuse with the reason.  The program's bytes may be
 * anything: every read is bounded.
 */
#include "analyzer/capture/record.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#define SCRIPT_DEPTH 4	 /* a script's interpreter may be a script: the kernel's limit */
#define HEAD_BYTES   256 /* of a "#!" line the kernel reads as much */
#define SEGMENTS_MAX 512

struct file {
	const char *path;
	int fd;
	ssize_t head_bytes;
	union {
		char text[HEAD_BYTES + 1];
		unsigned char ident[EI_NIDENT];
		Elf64_Ehdr elf;
	} head;
};

/* Loaders of C libraries that the recorder is not made for. */
static const struct loader {
	const char *part, *name;
} foreign_loaders[] = {
	{ "ld-musl", "musl" },
	{ "ld-uClibc", "uClibc" },
	{ "ld64-uClibc", "uClibc" },
	{ "/linker", "bionic (Android)" },
};

static bool can_run(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, X_OK) == 0;
}

ms_status ms_record_find(char out[MS_RECORD_PATH], const char *name, const char *search,
			 struct ms_error *err)
{
	const char *dir = search ? search : "/usr/local/bin:/usr/bin:/bin";
	bool exists = false;
	size_t len;

	if (strchr(name, '/')) {
		if (strlen(name) >= MS_RECORD_PATH)
			return ms_fail(err, MS_EUSAGE, "the program's path is too long");
		strcpy(out, name);
		if (can_run(out))
			return MS_OK;
		return ms_fail(err, MS_EUSAGE, "%s: %s", name,
			       access(name, F_OK) ? strerror(errno)
						  : "is no executable file");
	}
	for (;; dir += len + 1) {
		len = strcspn(dir, ":");
		/* an empty entry is the working directory */
		if (snprintf(out, MS_RECORD_PATH, "%.*s/%s", len ? (int)len : 1,
			     len ? dir : ".", name) < MS_RECORD_PATH) {
			if (can_run(out))
				return MS_OK;
			exists |= access(out, F_OK) == 0;
		}
		if (!dir[len])
			break;
	}
	return ms_fail(err, MS_EUSAGE, "%s: %s", name,
		       exists ? "in PATH, but not executable" : "not found in PATH");
}

static ms_status open_file(struct file *file, const char *path, struct ms_error *err)
{
	memset(file, 0, sizeof *file);
	file->path = path;
	file->fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (file->fd < 0)
		return ms_fail(err, MS_EIO, "%s: %s", path, strerror(errno));
	file->head_bytes = pread(file->fd, file->head.text, HEAD_BYTES, 0);
	if (file->head_bytes >= 0)
		return MS_OK;
	ms_fail(err, MS_EIO, "%s: %s", path, strerror(errno));
	close(file->fd);
	return MS_EIO;
}

static bool is_elf(const struct file *file)
{
	return file->head_bytes >= (ssize_t)sizeof(Elf64_Ehdr) &&
	       memcmp(file->head.ident, ELFMAG, SELFMAG) == 0;
}

/* The loader ignores LD_PRELOAD where executing a file changes who runs it. */
static ms_status check_privilege(const struct file *file, struct ms_error *err)
{
	struct statvfs fs;
	struct stat st;

	if (fstat(file->fd, &st))
		return ms_fail(err, MS_EIO, "%s: %s", file->path, strerror(errno));
	if (fstatvfs(file->fd, &fs) == 0 && (fs.f_flag & ST_NOSUID))
		return MS_OK;
	if ((st.st_mode & S_ISUID) && st.st_uid != getuid())
		return ms_fail(err, MS_EUSAGE,
			       "%s is setuid: the loader preloads nothing into it",
			       file->path);
	if ((st.st_mode & S_ISGID) && (st.st_mode & S_IXGRP) && st.st_gid != getgid())
		return ms_fail(err, MS_EUSAGE,
			       "%s is setgid: the loader preloads nothing into it",
			       file->path);
	if (getuid() != 0 && fgetxattr(file->fd, "security.capability", NULL, 0) > 0)
		return ms_fail(
			err, MS_EUSAGE,
			"%s has file capabilities: the loader preloads nothing into it",
			file->path);
	return MS_OK;
}

static ms_status check_machine(const struct file *file, const struct file *library,
			       struct ms_error *err)
{
	if (file->head.ident[EI_CLASS] != library->head.ident[EI_CLASS])
		return ms_fail(err, MS_EUSAGE,
			       "%s is a %s-bit program, the recorder is for %s-bit ones",
			       file->path,
			       file->head.ident[EI_CLASS] == ELFCLASS32 ? "32" : "64",
			       library->head.ident[EI_CLASS] == ELFCLASS32 ? "32" : "64");
	if (file->head.ident[EI_DATA] != library->head.ident[EI_DATA] ||
	    file->head.elf.e_machine != library->head.elf.e_machine)
		return ms_fail(err, MS_EUSAGE,
			       "%s is for another machine (ELF %u, the recorder's is %u)",
			       file->path, file->head.elf.e_machine,
			       library->head.elf.e_machine);
	return MS_OK;
}

static ms_status check_loader(const struct file *file, const Elf64_Phdr *interp,
			      struct ms_error *err)
{
	char loader[256] = "";
	size_t bytes =
		interp->p_filesz < sizeof loader ? interp->p_filesz : sizeof loader - 1;

	if (pread(file->fd, loader, bytes, (off_t)interp->p_offset) != (ssize_t)bytes)
		return ms_fail(err, MS_EUSAGE, "%s is cut off: its loader is not in it",
			       file->path);
	for (size_t i = 0; i < sizeof foreign_loaders / sizeof *foreign_loaders; i++)
		if (strstr(loader, foreign_loaders[i].part))
			return ms_fail(
				err, MS_EUSAGE,
				"%s uses the C library %s, the recorder is for glibc",
				file->path, foreign_loaders[i].name);
	if (access(loader, X_OK))
		return ms_fail(err, MS_EUSAGE, "%s needs the loader %s: %s", file->path,
			       loader, strerror(errno));
	return MS_OK;
}

static ms_status check_elf(const struct file *file, const struct file *library,
			   struct ms_error *err)
{
	const Elf64_Ehdr *elf = &file->head.elf;
	ms_status status = check_machine(file, library, err);
	Elf64_Phdr segment;

	if (status)
		return status;
	if ((elf->e_type != ET_EXEC && elf->e_type != ET_DYN) ||
	    elf->e_phentsize != sizeof segment)
		return ms_fail(err, MS_EUSAGE, "%s is an ELF file, but no program",
			       file->path);
	for (unsigned i = 0; i < elf->e_phnum && i < SEGMENTS_MAX; i++) {
		off_t at = (off_t)(elf->e_phoff + i * sizeof segment);

		if (pread(file->fd, &segment, sizeof segment, at) !=
		    (ssize_t)sizeof segment)
			return ms_fail(err, MS_EUSAGE,
				       "%s is cut off: its segments are not in it",
				       file->path);
		if (segment.p_type == PT_INTERP)
			return check_loader(file, &segment, err);
	}
	return ms_fail(
		err, MS_EUSAGE,
		"%s is statically linked: there is no loader to preload the recorder",
		file->path);
}

/* The interpreter of a "#!" line into the line itself; NULL: there is none. */
static char *interpreter(struct file *file)
{
	char *path = file->head.text + 2;

	path += strspn(path, " \t");
	path[strcspn(path, " \t\n")] = '\0';
	return *path ? path : NULL;
}

static ms_status check_file(const char *path, const struct file *library, unsigned depth,
			    struct ms_error *err)
{
	struct file file;
	ms_status status = open_file(&file, path, err);
	char *next;

	if (status)
		return status;
	if (memcmp(file.head.text, "#!", 2) == 0) {
		next = interpreter(&file);
		if (!next || depth == 0)
			status = ms_fail(err, MS_EUSAGE, "%s: its \"#!\" line %s", path,
					 next ? "leads through too many scripts"
					      : "names no interpreter");
		else if (!can_run(next))
			status = ms_fail(err, MS_EUSAGE,
					 "%s: its interpreter %s is no executable file",
					 path, next);
		else
			status = check_file(next, library, depth - 1, err);
	} else if (!is_elf(&file)) {
		status = ms_fail(
			err, MS_EUSAGE,
			"%s is neither an ELF program nor a script that begins with #!",
			path);
	} else {
		status = check_privilege(&file, err);
		if (!status)
			status = check_elf(&file, library, err);
	}
	close(file.fd);
	return status;
}

ms_status ms_record_check(const char *program, const char *library, struct ms_error *err)
{
	struct file recorder;
	ms_status status = open_file(&recorder, library, err);

	if (status)
		return status;
	close(recorder.fd);
	if (!is_elf(&recorder) || recorder.head.elf.e_type != ET_DYN)
		return ms_fail(err, MS_EUSAGE, "%s is no shared library", library);
	return check_file(program, &recorder, SCRIPT_DEPTH, err);
}
