import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { takePolicySnapshot } from '../../src/approvals/policy-snapshot.ts'
import { REQUIRED_GATES } from '../../src/builtin/required-gates.ts'
import { bundleFiles } from '../../src/bundle/bundle-files.ts'
import { VERIFY } from '../../src/bundle/bundle-paths.ts'
import { readRecord } from '../../src/bundle/read-bundle.ts'
import type { RunRecord } from '../../src/bundle/run-record.ts'
import { type CloseoutDeps, signCloseout } from '../../src/bundle/sign-closeout.ts'
import { asBuffer, type Files, packTar, unpackTar } from '../../src/bundle/tar.ts'
import {
  type Verdict,
  type VerifyOptions,
  verifyBundle as verifyWith,
} from '../../src/bundle/verify-bundle.ts'
import { verifyInstructions } from '../../src/bundle/verify-instructions.ts'
import { writeBundle } from '../../src/bundle/write-bundle.ts'
import type { Effect } from '../../src/domain/effect.ts'
import { jsonEvidence } from '../../src/domain/evidence.ts'
import type { Mode, Run } from '../../src/domain/run.ts'
import { rehearseApproval, signApproval } from '../../src/engine/manage-approvals.ts'
import { aWorld, INPUT, succeeds, type World } from '../machines/crashing-engine.ts'
import { failure, success } from '../machines/explore-chart.ts'
import { type KeyFolder, openKeyFolder } from '../support/ssh-keys.ts'

/** Runs of the cut chart in the real engine, with real keys and signatures, and the bundles that they leave. */

export const ALICE = 'alice@example.org'
export const BOB = 'bob@example.org'
const PLAN = {
  SG1: jsonEvidence('plan/SG1', { cuts: ['a', 'b'] }),
  SG2: jsonEvidence('plan/SG2', { enacts: 2 }),
}
const planOf: { [effect: string]: keyof typeof PLAN } = {
  ...{ cutplan: 'SG1', recheck_cut: 'SG1' },
  ...{ write_verify: 'SG2', recheck_lifecycle: 'SG2' },
}

/** Knows the gates of the cut of these tests, whose definition digest is that of no release. */
const findRequiredGates: VerifyOptions['findRequiredGates'] = ({ machine }, outcome) =>
  machine === 'cut' ? (REQUIRED_GATES.cut!['1']![outcome] ?? []) : null

/** The verdict on a bundle; with null nobody is trusted. */
export const verifyBundle = (
  tar: Buffer,
  signers: string | null,
  {
    revoked = null,
    gates = [],
    trusted = false,
    origins = null,
  }: { revoked?: string | null; gates?: string[]; trusted?: boolean; origins?: string[] | null } = {},
): Promise<Verdict> =>
  verifyWith(tar, {
    trust: { signers, revoked },
    requirements: { gates, trusted, origins },
    findRequiredGates,
  })

export interface Bundles {
  world: World
  keys: KeyFolder
  sealing: CloseoutDeps
  /** Phases that fail. */
  failing: Set<string>
  /** A run that waits at its first gate. */
  started(mode: Mode): Promise<Run>
  /** Brings it past the gate at which it waits. */
  approve(run: Run): Promise<Run>
  /** A run that went through both gates and closed; it is sealed as it closes. */
  closed(mode: Mode): Promise<Run>
  exported(run: Run): Promise<Buffer>
  /** The verdict on a bundle, with the file of signers that lists the approvers. */
  verify(tar: Buffer): Promise<Verdict>
  /** A file of signers that lists alice, and the instance by the key that sealed the run. */
  trustingInstance(run: Run): Promise<string>
  remove(): Promise<void>
}

/** With `need: 2` alice and bob approve each gate. `definitionDigest` is that of the runs; left out: of no release. `origins` are those of the policy. */
export async function aBundleMaker({
  need = 1,
  definitionDigest,
  origins,
}: {
  need?: number
  definitionDigest?: string
  origins?: string[]
} = {}): Promise<Bundles> {
  const keys = openKeyFolder()
  const key = keys.key('alice')
  const policy = { validHours: 24, need, of: [ALICE, BOB, 'mallory@example.org'], origins }
  const signers = [[ALICE, 'alice'], ...(need > 1 ? [[BOB, 'bob']] : [])] as [string, string][]
  if (need > 1) keys.key('bob')
  const lines = signers.map(([who, name]) => `${who} namespaces="cutter.*" ${keys.publicKey(name)}\n`)
  const trust = { allowedSigners: keys.file('allowed_signers', lines.join('')) }
  const folder = mkdtempSync(join(tmpdir(), 'cutter-bundle-'))
  mkdirSync(join(folder, 'var'))

  const failing = new Set<string>()
  const world = aWorld((name) => {
    if (failing.has(name)) return failure(name)
    const gate = planOf[name]
    return gate === undefined ? succeeds(name) : success(name, { planDigest: PLAN[gate].digest })
  })
  const { parts, store, engine } = world
  const sealing: CloseoutDeps = { store, clock: parts.clock, folder: join(folder, 'var'), host: 'quiet_host' }
  const installed = await parts.installed('cut', null)
  const machine = {
    ...installed.machine,
    definitionDigest: definitionDigest ?? installed.machine.definitionDigest,
  }
  const effects = Object.fromEntries(
    Object.entries(installed.effects).map(([name, effect]) => [name, leavingEvidence(effect)]),
  )
  let runs = 0
  Object.assign(parts, {
    installed: async () => ({ ...installed, machine, effects }),
    randomHex: () => String(++runs).padStart(8, '0'),
    allowLive: async () => true,
    trust,
    policy: () => policy,
    inForce: (machine: string, gate: string) =>
      takePolicySnapshot({ machine, gate, policy, trust, strict: 'modes', operators: null }),
    onClosed: async (run: Run) => void (await signCloseout(sealing, run)),
  })
  const at = '2026-03-01T08:00:00.000Z'
  const until = '2026-03-02T08:00:00.000Z'
  await store.setExecutionSwitch({ enabled: true, until, reason: 'a test', by: 'x', at })

  const made: Bundles = {
    world,
    keys,
    sealing,
    failing,
    started: (mode) => engine.start('cut', INPUT, { mode, by: 'deploybot' }),
    async approve(run) {
      const how = { as: ALICE, decision: 'approve', reason: 'read' } as const
      for (const [as, name] of run.mode === 'live' ? signers.slice(1) : [])
        await signApproval(parts, run.runId, { ...how, as, keyFile: keys.path(name) })
      const approval =
        run.mode === 'live'
          ? (await signApproval(parts, run.runId, { ...how, keyFile: key })).approval
          : await rehearseApproval(parts, run.runId, how)
      return engine.resume(run.runId, { approvalId: approval.approvalId })
    },
    closed: async (mode) => made.approve(await made.approve(await made.started(mode))),
    async exported(run) {
      const file = join(folder, `${++runs}.tar`)
      await writeBundle(sealing, run, file)
      return readFileSync(file)
    },
    verify: (tar) => verifyBundle(tar, keys.path('allowed_signers')),
    async trustingInstance({ runId }) {
      const [instance] = await store.closeoutSignatures(runId)
      const [type, text, signer] = instance!.publicKey!.split(' ')
      const line = `${signer} namespaces="cutter.closeout" ${type} ${text}`
      return keys.file('with_instance', `${readFileSync(keys.path('allowed_signers'), 'utf8')}${line}\n`)
    },
    async remove() {
      await store.close()
      keys.remove()
      rmSync(folder, { recursive: true, force: true })
    },
  }
  return made
}

/** The stubs of the chart, leaving what the real phases leave: plans, pinned sources, receipts. */
function leavingEvidence(effect: Effect): Effect {
  const gate = planOf[effect.name]
  const evidence =
    gate === undefined ? jsonEvidence(`receipt/${effect.name}`, { of: effect.name }) : PLAN[gate]
  const leaving =
    (run: (...given: never[]) => Promise<{ output: unknown }>) =>
    async (...given: unknown[]) => ({ ...(await run(...(given as never[]))), evidence: [evidence] })
  const execute = leaving(effect.execute)
  return effect.kind === 'read'
    ? { ...effect, execute }
    : { ...effect, execute, simulate: leaving(effect.simulate) }
}

export async function tarOf(files: Files): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of packTar(files) as AsyncIterable<Buffer>) chunks.push(chunk)
  return Buffer.concat(chunks)
}

export async function filesIn(tar: Buffer): Promise<Files> {
  const unpacked = await unpackTar(tar)
  if ('fault' in unpacked) throw new Error(unpacked.fault)
  return unpacked.files
}

/** A record to forge: as read from a bundle, and free to be changed. */
export async function recordIn(tar: Buffer): Promise<RunRecord> {
  const read = readRecord(await filesIn(tar))
  if ('fault' in read) throw new Error(read.fault.message)
  return structuredClone(read.record)
}

/** The bundle that the record gives, with its own VERIFY text; that of another one where it gives none. */
export async function bundleOf(record: RunRecord, tar: Buffer): Promise<Buffer> {
  return tarOf(bundleFiles(record, textOf(record) ?? asBuffer((await filesIn(tar)).get(VERIFY)!).toString()))
}

function textOf(record: RunRecord): string | null {
  try {
    return verifyInstructions(record)
  } catch {
    return null
  }
}
