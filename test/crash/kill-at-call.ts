// cspell:ignore dlfcn unistd getenv setenv unsetenv dlsym RTLD pwrite readlink fstat ISSOCK getpid ssize iovec atoi strstr CLOEXEC
import { readFileSync, rmSync } from 'node:fs'
import type { CutterHome } from '../support/cli.ts'
import { buildPreloadLibrary } from '../support/preload-library.ts'
import { builtProgram, type Ending, spawnProgram } from './spawn-program.ts'

/**
 * Kills the built program at a call to the system by its number: each sync and rename of a file, each write to the journal of the store (a commit ends
 * with one), each write to a socket (to PostgreSQL, to a host through ssh, to a client) and each start of a program.
 */

export interface Call {
  /** Counted from 1, over all threads of the process. */
  number: number
  kind: 'sync' | 'rename' | 'journal' | 'socket' | 'spawn'
}

export const WHEN = ['before', 'after'] as const

const SOURCE = `
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>
static int calls = 0, chosen = 0, after = 0, out = -1;
#define REAL(type, name) ((type)dlsym(RTLD_NEXT, name))
typedef ssize_t (*write_type)(int, const void *, size_t);
__attribute__((constructor)) static void begin(void) {
  const char *at = getenv("KILL_AT"), *log = getenv("KILL_LOG");
  if (at) { chosen = atoi(at); after = strstr(at, "after") != 0; }
  if (log) out = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  /* The programs that this one starts are none of those to be killed. */
  unsetenv("LD_PRELOAD"); unsetenv("KILL_AT"); unsetenv("KILL_LOG");
}
static int enter(const char *kind) {
  int number = __atomic_add_fetch(&calls, 1, __ATOMIC_SEQ_CST);
  if (out >= 0) { char line[40]; int n = snprintf(line, sizeof line, "%d %s\\n", number, kind); REAL(write_type, "write")(out, line, n); }
  if (number == chosen && !after) kill(getpid(), SIGKILL);
  return number;
}
static void leave(int number) { if (number == chosen && after) kill(getpid(), SIGKILL); }
static int is_socket(int fd) { struct stat s; return fd > 2 && fstat(fd, &s) == 0 && S_ISSOCK(s.st_mode); }
static int is_journal(int fd) {
  char link[40], path[4096];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t n = readlink(link, path, sizeof path);
  return n > 4 && memcmp(path + n - 4, "-wal", 4) == 0;
}
#define COUNTED(kind, call) int number = enter(kind); __typeof__(call) result = call; leave(number); return result
int fsync(int fd) { COUNTED("sync", REAL(int (*)(int), "fsync")(fd)); }
int fdatasync(int fd) { COUNTED("sync", REAL(int (*)(int), "fdatasync")(fd)); }
int rename(const char *from, const char *to) { COUNTED("rename", REAL(int (*)(const char *, const char *), "rename")(from, to)); }
pid_t fork(void) {
  int number = enter("spawn");
  pid_t child = REAL(pid_t (*)(void), "fork")();
  if (child != 0) leave(number);
  return child;
}
ssize_t pwrite64(int fd, const void *b, size_t n, off64_t at) {
  ssize_t (*real)(int, const void *, size_t, off64_t) = dlsym(RTLD_NEXT, "pwrite64");
  if (!is_journal(fd)) return real(fd, b, n, at);
  COUNTED("journal", real(fd, b, n, at));
}
ssize_t write(int fd, const void *b, size_t n) {
  if (!is_socket(fd)) return REAL(write_type, "write")(fd, b, n);
  COUNTED("socket", REAL(write_type, "write")(fd, b, n));
}
ssize_t writev(int fd, const struct iovec *v, int n) {
  ssize_t (*real)(int, const struct iovec *, int) = dlsym(RTLD_NEXT, "writev");
  if (!is_socket(fd)) return real(fd, v, n);
  COUNTED("socket", real(fd, v, n));
}
`

export interface Killer {
  /** Runs a command undisturbed, and answers its calls. */
  record(args: string[], env?: NodeJS.ProcessEnv): Promise<{ ending: Ending; calls: Call[] }>
  /** Runs a command that is killed at the call, unless it ends before. */
  kill(args: string[], call: number, when: (typeof WHEN)[number], env?: NodeJS.ProcessEnv): Promise<Ending>
  /** The variables of a process that somebody else starts: one whose calls are listed, or one that is killed at a call. */
  recording(): NodeJS.ProcessEnv
  killing(call: number, when: (typeof WHEN)[number]): NodeJS.ProcessEnv
  /** The calls of the process that was started last with the variables of `recording`. */
  recorded(): Call[]
}

/** Answers why nothing can be killed here, too. */
export function makeKiller(at: CutterHome): Killer | { why: string } {
  const library = buildPreloadLibrary(at.path('.installed'), 'kill-at-call', SOURCE)
  if ('why' in library) return library
  const log = at.path('.installed/calls')
  const preload = { LD_PRELOAD: library.file }
  const spawned = (args: string[], env: NodeJS.ProcessEnv) =>
    spawnProgram(at, builtProgram(at), args, env).ended
  const killer: Killer = {
    async record(args, env) {
      const ending = await spawned(args, { ...env, ...killer.recording() })
      return { ending, calls: killer.recorded() }
    },
    kill: (args, call, when, env) => spawned(args, { ...env, ...killer.killing(call, when) }),
    recording() {
      rmSync(log, { force: true })
      return { ...preload, KILL_LOG: log }
    },
    killing: (call, when) => ({ ...preload, KILL_AT: `${call} ${when}` }),
    recorded() {
      const lines = readFileSync(log, 'utf8').trimEnd().split('\n').filter(Boolean)
      return lines.map((line) => callOf(line.split(' ') as [string, Call['kind']]))
    },
  }
  return killer
}

const callOf = ([number, kind]: [string, Call['kind']]): Call => ({ number: Number(number), kind })
