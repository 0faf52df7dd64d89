import { scanDocument } from '../../../src/document/scan.ts'
import type { Approval } from '../../../src/domain/approval.ts'
import type { Effect, EffectContext, WriteEffect } from '../../../src/domain/effect.ts'
import { bytesEvidence, type Evidence, jsonEvidence } from '../../../src/domain/evidence.ts'
import { readCurrentTexts } from '../../../src/effects/cut/current-texts.ts'
import { type CutDeps, cutEffects } from '../../../src/effects/cut/index.ts'
import type { CutPlan } from '../../../src/effects/cut/plan.ts'
import { planCut } from '../../../src/effects/cut/plan-cut.ts'
import { openConfiguredTarget } from '../../../src/targets/postgres/configured-target.ts'
import type { Target } from '../../../src/targets/target.ts'
import { startTarget, type TargetCluster } from '../../support/pg-cluster.ts'

export interface CutBench {
  cluster: TargetCluster
  target: Target
  effects: Record<string, Effect>
}

/** Starts a server with a target, and creates the effects that write to it. */
export async function startCutBench(): Promise<CutBench> {
  const cluster = await startTarget()
  const role = (name: string) => cluster.url('main', `cutter_${name}`)
  const settings = { readerUrlEnv: 'READER', executorUrlEnv: 'EXECUTOR', verifierUrlEnv: 'VERIFIER' }
  const env = { READER: role('reader'), EXECUTOR: role('executor'), VERIFIER: role('verifier') }
  const target = openConfiguredTarget('main', { main: settings }, env)
  const deps = {
    target: async () => target,
    readSource: async (path: string) => Buffer.from(path),
    documents: async () => ({}),
    profiles: async () => [],
    caps: { units: 10 },
  } as unknown as CutDeps
  return { cluster, target, effects: cutEffects(deps) }
}

let runs = 0

export const TEXT = '## Article 1\n\nOne.\n\n## Article 2\n\nTwo.\n'

/** A live run as its effects see it: its evidence and its approval. */
export class CutRun {
  readonly context: EffectContext
  private readonly kept = new Map<string, Uint8Array>()
  readonly document: string

  constructor(
    readonly bench: CutBench,
    document?: string,
  ) {
    runs += 1
    this.document = document ?? `DOC-${runs}`
    const runId = `ictr-20260301T090000Z-${String(runs).padStart(8, '0')}`
    this.context = {
      runId,
      machine: 'cut',
      version: '1',
      mode: 'live',
      seq: 9,
      startedBy: 'deploybot',
      token: { run: runId, seq: 9, attempt: 1 },
      deadline: new Date('2030-01-01T00:00:00.000Z'),
      signal: new AbortController().signal,
      assertClaimed: async () => undefined,
      now: () => new Date(),
      evidence: async (digest) => this.kept.get(digest)!,
      approval: async () => approvalOf(runId),
      progress: () => undefined,
    }
  }

  keep({ digest, bytes }: Evidence): string {
    this.kept.set(digest, bytes)
    return digest
  }

  /** Plans a cut of the target's present state, as the gate would present it for approval. */
  async planned(text = TEXT, accept?: string): Promise<{ plan: CutPlan; given: { [name: string]: string } }> {
    const { survey } = await this.bench.target.survey(this.context, this.document)
    const bytes = Buffer.from(text)
    const found = scanDocument(bytes, { document: this.document })
    const plan = planCut({
      document: this.document,
      mode: 'live',
      machineVersion: '1',
      bytes,
      scan: found,
      survey,
      inForce: await readCurrentTexts(this.bench.target, this.context, survey),
      unitCap: 10,
      accept,
    })
    const given = {
      document: this.document,
      target: 'main',
      planDigest: this.keep(jsonEvidence('plan/SG1', plan)),
      sourceDigest: this.keep(bytesEvidence('source', 'text/plain', bytes)),
    }
    return { plan, given }
  }

  execute(name: string, given: object) {
    return (this.bench.effects[name] as WriteEffect<object, { [fact: string]: unknown }>).execute(
      this.context,
      given,
    )
  }

  probe(name: string, given: object) {
    return (this.bench.effects[name] as WriteEffect<object, { [fact: string]: unknown }>).probe(
      this.context,
      given,
    )
  }

  async units(): Promise<{ status: string; n: number }[]> {
    const { rows } = await this.bench.cluster.superuser.query<{ status: string; n: number }>(
      'select lifecycle_status as status, count(*)::int as n from information_unit where doc_code = $1 group by 1 order by 1',
      [this.document],
    )
    return rows
  }

  insert(address: string, text: string) {
    return this.bench.cluster.superuser.query(
      `select * from fn_iu_create(p_address => $1, p_title => 'x', p_body => $2, p_actor => 'somebody', p_doc_code => $3)`,
      [address, text, this.document],
    )
  }
}

function approvalOf(runId: string): Approval {
  const statement = {
    approver: 'alice@example.org',
    decision: 'approve',
    planDigest: 'sha256:0',
    reason: '',
    issuedAt: '2026-03-01T09:00:00.000Z',
    reviewDecisionId: `rd-${runId}-2`,
  }
  return { approvalId: `ap-${runId}`, kind: 'signed', statement } as unknown as Approval
}
