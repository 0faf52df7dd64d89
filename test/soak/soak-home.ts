// cspell:ignore dlfcn unistd getenv usleep dlsym RTLD
import { execFileSync, spawnSync } from 'node:child_process'
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import { makeEd25519Key } from '../../src/approvals/openssh/ed25519-key.ts'
import { aCutterHome, type CutterHome, jsonOf } from '../support/cli.ts'
import { enableExecution } from '../support/cli-steps.ts'
import { openRelay } from '../support/connection-relay.ts'
import { connectClient } from '../support/connections.ts'
import { type Cluster, startCluster } from '../support/pg-cluster.ts'
import { buildPreloadLibrary } from '../support/preload-library.ts'
import { type ServingProgram, serve } from '../support/serving-program.ts'
import { LEDGER_TABLES, ledgerMachine } from './ledger-machine.ts'

/** The service as it ships, a PostgreSQL behind a relay, and a disk, a clock and a network that a test spoils. */

export const PEOPLE = ['alice', 'bob', 'carol'].map((name) => ({
  as: `${name}@example.org`,
  key: makeEd25519Key(name),
}))

const CONFIG = `machines: { ledger: ./ledger.ts }
execution: { allowLive: true }
approvals: { resume: automatic }
`

/** Every sync takes 2 ms longer while the file SLOW_SYNC names is there. */
const SLOW_SYNC = `
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <unistd.h>
static void wait_if_slow(void) {
  const char *flag = getenv("SLOW_SYNC");
  if (flag && access(flag, F_OK) == 0) usleep(2000);
}
int fsync(int fd) { wait_if_slow(); return ((int (*)(int))dlsym(RTLD_NEXT, "fsync"))(fd); }
int fdatasync(int fd) { wait_if_slow(); return ((int (*)(int))dlsym(RTLD_NEXT, "fdatasync"))(fd); }
`

/** The clock of the process is as many seconds ahead as the file CLOCK_AHEAD says. It is read at most every 100 ms. */
const MOVED_CLOCK = `
const { readFileSync } = require('node:fs')
const { now } = Date
let ahead = 0, next = 0
const read = () => {
  if (performance.now() >= next) {
    next = performance.now() + 100
    try { ahead = 1000 * Number(readFileSync(process.env.CLOCK_AHEAD, 'utf8')) } catch { ahead = 0 }
  }
  return now() + ahead
}
globalThis.Date = class extends Date {
  constructor(...given) { given.length === 0 ? super(read()) : super(...given) }
  static now() { return read() }
}
`

export interface SoakHome {
  at: CutterHome
  cluster: Cluster
  relay: Awaited<ReturnType<typeof openRelay>>
  token: string
  /** The service that runs now. Its URL changes with each start. */
  service: ServingProgram
  /** How often it was started. */
  starts: number
  /** Ends it by SIGKILL and starts it again. */
  killService(): Promise<void>
  /** Why a fault is not possible here. */
  missing: { disk: string | null; syncs: string | null }
  setSlow(isSlow: boolean): void
  setClock(secondsAhead: number): void
  /** Fills the disk, or makes room again. */
  setFull(isFull: boolean): void
  figures(): { memory: number; handles: number }
  remove(): Promise<void>
}

export async function openSoakHome(): Promise<SoakHome> {
  const at = aCutterHome(CONFIG)
  const pgModule = createRequire(import.meta.url).resolve('pg')
  at.file('ledger.ts', ledgerMachine(pgModule))
  at.file('allowed_signers', PEOPLE.map(({ as, key }) => `${as} ${key.publicKey}\n`).join(''))
  const disk = mountDisk(at.path('var'))
  const syncs = buildPreloadLibrary(at.home, 'slow-sync', SLOW_SYNC)
  const cluster = await startCluster()
  const owner = await connectClient(cluster.url())
  await owner.query('create database ledger')
  await owner.end()
  const ledger = await connectClient(cluster.url('ledger'))
  await ledger.query(LEDGER_TABLES)
  await ledger.end()
  const relay = await openRelay(cluster.port)
  const url = new URL(cluster.url('ledger'))
  url.port = String(relay.port)
  const env = {
    LEDGER_URL: url.href,
    SLOW_SYNC: at.path('slow'),
    CLOCK_AHEAD: at.file('clock', '0'),
    NODE_OPTIONS: `--require=${at.file('clock.cjs', MOVED_CLOCK)}`,
    ...('file' in syncs && { LD_PRELOAD: syncs.file }),
  }
  await enableExecution(at)
  const made = await at.cutter(['token', 'create', '--name', 'soaker', '--role', 'operator', '--json'])
  const home: SoakHome = {
    at,
    cluster,
    relay,
    token: jsonOf<{ token: string }>(made).token,
    service: await serve(at, [], env),
    starts: 1,
    missing: { disk, syncs: 'why' in syncs ? syncs.why : null },
    async killService() {
      await home.service.end('SIGKILL')
      home.service = await serve(at, [], env)
      home.starts++
    },
    setSlow(isSlow) {
      if (isSlow) at.file('slow', '')
      else rmSync(at.path('slow'), { force: true })
    },
    setClock: (secondsAhead) => void at.file('clock', String(secondsAhead)),
    setFull: (isFull) => fillDisk(at.path('var/filling'), isFull),
    figures() {
      const [, kib] =
        /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${home.service.pid}/status`, 'utf8')) ?? []
      return { memory: Number(kib) / 1024, handles: readdirSync(`/proc/${home.service.pid}/fd`).length }
    },
    async remove() {
      await home.service.end('SIGKILL')
      relay.close()
      await cluster.stop()
      if (disk === null) execFileSync('umount', ['--lazy', at.path('var')])
      await at.remove()
    },
  }
  return home
}

/** Mounts a disk of its own, which can be filled. Answers why it can't, or null. */
function mountDisk(folder: string): string | null {
  mkdirSync(folder)
  const { status, stderr, error } = spawnSync(
    'mount',
    ['-t', 'tmpfs', '-o', 'size=1g,mode=755', 'tmpfs', folder],
    {
      encoding: 'utf8',
    },
  )
  return status === 0 ? null : (error?.message ?? stderr.trim())
}

function fillDisk(file: string, isFull: boolean): void {
  if (!isFull) {
    rmSync(file, { force: true })
    return
  }
  const filling = openSync(file, existsSync(file) ? 'a' : 'w')
  try {
    for (const size of [1 << 20, 4_096, 1]) writeAll(filling, Buffer.alloc(size))
  } finally {
    closeSync(filling)
  }
}

function writeAll(file: number, bytes: Buffer): void {
  try {
    for (;;) if (writeSync(file, bytes) < bytes.length) return
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
  }
}
