import type { ApprovalPolicy } from '../../src/approvals/approval-policy.ts'
import { findWritableByOthers } from '../../src/approvals/file-permissions.ts'
import { parseApproval } from '../../src/approvals/import-approval.ts'
import { signText } from '../../src/approvals/openssh/sign-text.ts'
import { takePolicySnapshot } from '../../src/approvals/policy-snapshot.ts'
import { namespaceOf } from '../../src/approvals/statement.ts'
import type { Trust } from '../../src/approvals/trust-files.ts'
import type { Approval, Decision, Statement } from '../../src/domain/approval.ts'
import { canonicalJson } from '../../src/domain/json.ts'
import type { Run } from '../../src/domain/run.ts'
import { composeStatementText } from '../../src/engine/manage-approvals.ts'
import { aWorld, INPUT, type Script, succeeds, type World } from '../machines/crashing-engine.ts'
import { type KeyFolder, openKeyFolder } from './ssh-keys.ts'

/**
 * A live gate with real keys: the real engine and store, effects that answer at once, and the files and the policy that decide, which a
 * test may change between two attempts.
 */

export const [ALICE, BOB, CAROL] = ['alice@example.org', 'bob@example.org', 'carol@example.org']
export const OPERATOR = 'deploybot'
export const OS_USER = 'ops'

export interface Gate {
  keys: KeyFolder
  world: World
  rules: { policy: ApprovalPolicy; trust: Trust }
  start(): Promise<Run>
  /** Signs a statement on the run's plan, after a change of it, and keeps the approval whatever it is worth. */
  sign(run: Run, as: string, how?: SignHow): Promise<Approval>
  bring(run: Run, approvalId: string, by?: string): Promise<Run>
  /** A line of allowed_signers for somebody's key, by default their own. */
  line(principal: string, options?: string, key?: string): string
  close(): Promise<void>
}

export interface SignHow {
  decision?: Decision
  change?: Partial<Statement>
  /** The key's name, where it is not the approver's own. */
  key?: string
  namespace?: string
}

const keyOf = (principal: string) => principal.split('@')[0]!

export async function aGate(script: Script = succeeds): Promise<Gate> {
  const keys = openKeyFolder()
  for (const name of [ALICE, BOB, CAROL, OS_USER, 'mallory']) keys.key(keyOf(name!))
  const line = (principal: string, options = '', key = keyOf(principal)) =>
    `${principal} ${options} ${keys.publicKey(key)}\n`
  const rules: Gate['rules'] = {
    policy: { validHours: 24 },
    trust: {
      allowedSigners: keys.file(
        'allowed',
        [ALICE!, BOB!, CAROL!, OS_USER].map((name) => line(name)).join(''),
      ),
    },
  }
  const world = aWorld(script, {
    parts: {
      osUser: OS_USER,
      allowLive: async () => true,
      policy: () => rules.policy,
      inForce: (machine, gate) =>
        takePolicySnapshot({ machine, gate, ...rules, strict: 'modes', operators: null }),
      filesFault: () => findWritableByOthers(rules.trust.allowedSigners, process.getuid!()),
    },
  })
  const until = '2099-01-01T00:00:00.000Z'
  await world.store.setExecutionSwitch({ enabled: true, until, reason: 'a test', by: OPERATOR, at: until })
  return {
    keys,
    world,
    rules,
    line,
    start: () => world.engine.start('cut', INPUT, { mode: 'live', by: OPERATOR }),
    async sign(run, as, { decision = 'approve', change = {}, key = keyOf(as), namespace } = {}) {
      const composed = await composeStatementText(world.parts, run.runId, { as, decision, reason: 'read' })
      const statement = { ...JSON.parse(composed), ...change } as Statement
      const text = canonicalJson(statement)
      const signature = await signText({
        text,
        keyFile: keys.path(key),
        namespace: namespace ?? namespaceOf(statement.machine, statement.gate),
      })
      const approval = parseApproval({ text, signature, clock: world.parts.clock })
      await world.store.saveApproval(approval)
      return approval
    },
    bring: (run, approvalId, by = OPERATOR) => world.engine.resume(run.runId, { approvalId, by }),
    async close() {
      await world.store.close()
      keys.remove()
    },
  }
}
