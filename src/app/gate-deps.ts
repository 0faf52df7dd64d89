import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import {
  type FilesFault,
  findWritableByOthers,
  findWritableByThisProcess,
} from '../approvals/file-permissions.ts'
import { takePolicySnapshot } from '../approvals/policy-snapshot.ts'
import { gatePolicyOf } from '../config/gate-policy.ts'
import type { Config } from '../config/load-config.ts'
import type { EngineDeps } from '../engine/engine-deps.ts'
import { filesOfTool, type Tools } from '../tools/open-tools.ts'

/** The part of the engine's dependencies that decides at gates. */
export type GateDeps = Required<Pick<EngineDeps, 'trust' | 'policy' | 'inForce' | 'filesFault' | 'uid'>> &
  Pick<EngineDeps, 'operators'>

/** Makes the part of the engine's dependencies that decides at the gates of a home: trust files, policies, operators. */
export function gateDeps(home: string, config: Config, tools: Tools): GateDeps {
  const { allowedSigners, revokedKeys, strict } = config.approvals
  const { operators } = config
  const trust = {
    allowedSigners: resolve(home, allowedSigners),
    ...(revokedKeys === undefined ? {} : { revokedKeys: resolve(home, revokedKeys) }),
    instanceKey: join(home, 'var', 'instance_key.pub'),
    tools,
  }
  const trusted = [trust.allowedSigners, ...(trust.revokedKeys === undefined ? [] : [trust.revokedKeys])]
  const policy = (machine: string, gate: string, reached?: string[]) =>
    gatePolicyOf(config, machine, gate, reached)
  return {
    trust,
    policy,
    inForce: (machine, gate, reached) =>
      takePolicySnapshot({
        machine,
        gate,
        policy: policy(machine, gate, reached),
        trust,
        strict,
        operators: operators ?? null,
      }),
    filesFault: (machine) => {
      const judge = tools.list('sshKeygen').flatMap(filesOfTool)
      return findFilesFault({ home, trusted: [...trusted, ...judge], machine, strict })
    },
    uid: process.getuid?.() ?? null,
    ...(operators === undefined ? {} : { operators }),
  }
}

interface DecidingFiles {
  home: string
  /** Who may approve, and the program that judges signatures. */
  trusted: string[]
  /** The module of the machine, and the programs that its effects run. */
  machine: string[]
  strict: Config['approvals']['strict']
}

/** Finds a file that others could write. Windows has no owners and modes, so nothing is checked there. */
function findFilesFault({ home, trusted, machine, strict }: DecidingFiles): FilesFault | null {
  const uid = process.geteuid?.()
  if (uid === undefined) return null
  const rules = [...trusted, join(home, 'cutter.yaml')]
  const store = join(home, 'var', 'cutter.db')
  const stored = [store, `${store}-wal`, `${store}-shm`].filter((file) => existsSync(file))
  for (const file of [...rules, ...machine, ...stored]) {
    const fault = findWritableByOthers(file, uid)
    if (fault !== null) return fault
  }
  if (strict !== 'owner') return null
  const appoint = rules.map((file) => findWritableByThisProcess(file, uid, 'appoint approvers'))
  const change = machine.map((file) => findWritableByThisProcess(file, uid, 'change what was approved'))
  return [...appoint, ...change].find((fault) => fault !== null) ?? null
}
