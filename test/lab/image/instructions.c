/*
 * A plugin for QEMU's user-mode emulation: counts the instructions of each thread of the emulated program, while it runs, in a
 * file of 8-byte numbers in the order of the processor (argument counters=PATH; the first one is that of the main thread).
 * Debian has no header for plugins: what is used is declared here (QEMU, docs/devel/tcg-plugins.rst, version 1 of the interface).
 */
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

typedef uint64_t qemu_plugin_id_t;
typedef struct qemu_info_t qemu_info_t;
struct qemu_plugin_tb;
enum qemu_plugin_cb_flags { QEMU_PLUGIN_CB_NO_REGS };

extern size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *block);
extern void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id,
                                                  void (*translated)(qemu_plugin_id_t, struct qemu_plugin_tb *));
extern void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb *block, void (*executed)(unsigned int, void *),
                                                 enum qemu_plugin_cb_flags flags, void *data);

#define EXPORT __attribute__((visibility("default")))
#define THREADS 4096
#define ARGUMENT "counters="

EXPORT int qemu_plugin_version = 1;

static uint64_t *counters;

/* Each thread adds to its own number. */
static void executed(unsigned int thread, void *instructions) {
  if (thread < THREADS) counters[thread] += (uintptr_t)instructions;
}

static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb *block) {
  (void)id;
  qemu_plugin_register_vcpu_tb_exec_cb(block, executed, QEMU_PLUGIN_CB_NO_REGS,
                                       (void *)(uintptr_t)qemu_plugin_tb_n_insns(block));
}

EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int argc, char **argv) {
  (void)info;
  if (argc != 1 || strncmp(argv[0], ARGUMENT, strlen(ARGUMENT)) != 0) return -1;
  int file = open(argv[0] + strlen(ARGUMENT), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (file < 0 || ftruncate(file, THREADS * sizeof *counters) != 0) return -1;
  counters = mmap(NULL, THREADS * sizeof *counters, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  close(file);
  if (counters == MAP_FAILED) return -1;
  qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
  return 0;
}
