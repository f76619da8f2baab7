/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libleak_module.c - one more module with thread-local storage.
 *
 * The recorder is one too, and libc's table of such modules, which is a block of each
 * thread, is larger by an entry: to compare bytes, Valgrind's run gets this.
 */
__thread int leak_module_local __attribute__((tls_model("initial-exec"))) = 1;
