import type { Decision } from '../../domain/approval.ts'
import { nameInLine } from '../../domain/visible.ts'
import { type Explanation, explain } from '../../engine/explain.ts'
import { isFinalPath } from '../inbox.ts'
import type { RunAnswer } from '../runs/run-answer.ts'
import type { AgentCall } from './agent-call.ts'

/** What an agent waits for: a gate, an approval at that gate, or the end of the run. */
export const AGENT_AWAITED = ['gate', 'approval', 'closed'] as const

export type AgentAwaited = (typeof AGENT_AWAITED)[number]

/** A gate as an agent gets it: who can pass it, and that the agent cannot. */
export interface GateForAgent {
  gate: string
  planDigest: string | null
  since: string
  expiresAt: string | null
  agentMayApprove: false
  isFinal: boolean
  need: number
  mayApprove: string[]
  approvals: { approvalId: string; approver: string; decision: Decision; wouldCount: boolean }[]
  /** Where people read the plan and sign; null without a service. */
  page: string | null
  /** What a person runs instead. */
  command: string
}

export interface RunForAgent {
  run: RunAnswer
  /** Whether what was waited for has come. */
  arrived: boolean
  gate: GateForAgent | null
  askAgain: {
    tool: 'wait_for_gate'
    arguments: { run: string; until: AgentAwaited }
    afterSeconds: number
    at: string
  } | null
}

/** When to ask again for a run that works, and for one that waits for people, in seconds. */
const AGAIN_SECONDS = { working: 5, paused: 120 }

/**
 * A run with what an agent needs at a gate, and when to ask again. Asks no target and no host.
 * @throws STORE_TAMPERED
 */
export async function runForAgent(call: AgentCall, run: RunAnswer, arrived: boolean): Promise<RunForAgent> {
  const { deps } = await call.home.app()
  const gate = run.gate === null ? null : await gateForAgent(call, run, run.gate)
  const waits = run.status === 'working' || run.status === 'paused' ? run.status : null
  const afterSeconds = waits === null ? 0 : AGAIN_SECONDS[waits]
  return {
    run,
    arrived,
    gate,
    askAgain:
      waits === null
        ? null
        : {
            tool: 'wait_for_gate',
            arguments: { run: run.runId, until: waits === 'working' ? 'gate' : 'approval' },
            afterSeconds,
            at: new Date(deps.clock.now().getTime() + afterSeconds * 1_000).toISOString(),
          },
  }
}

async function gateForAgent(call: AgentCall, run: RunAnswer, gate: string): Promise<GateForAgent> {
  const { deps } = await call.home.app()
  const explained = await explain(deps, run.runId)
  const { waitsFor, policy, approvers, approvals, ifApproved } = explained
  const [origin] = deps.policy(run.machine, gate).origins ?? []
  const base = origin ?? call.page
  return {
    gate,
    planDigest: run.planDigest,
    since: waitsFor.since,
    expiresAt: waitsFor.expiresAt,
    agentMayApprove: false,
    isFinal: isFinalPath(run.machine, run.mode, ifApproved),
    need: policy?.need ?? 1,
    mayApprove: namesOf(approvers),
    approvals: approvals.map(({ approvalId, approver, decision, wouldCount }) => ({
      approvalId,
      approver,
      decision,
      wouldCount,
    })),
    page: base === null ? null : `${base}/runs/${run.runId}/gate`,
    command:
      run.mode === 'live'
        ? `cutter approval sign ${run.runId} --as <principal> --key <file>`
        : `cutter approval rehearse ${run.runId}`,
  }
}

const namesOf = (approvers: Explanation['approvers']) =>
  approvers.filter(({ may }) => may).map(({ principal }) => principal)

/** The sentences for an agent at a gate. */
export function describeGate({ runId, mode }: RunAnswer, gate: GateForAgent): string[] {
  const { mayApprove, need, page, command } = gate
  const people = mayApprove.map(nameInLine).join(', ')
  const approves = people === '' ? 'Nobody is listed who may.' : `${need} of these must: ${people}.`
  const sentences =
    mode === 'live'
      ? ['You can’t approve it, and no tool can: a person approves, by a signature.', approves]
      : [
          'You can’t approve it, and no tool can: this is a dry run, which a person’s rehearsal passes, without a signature.',
          `In a live run ${people === '' ? 'somebody whom allowed_signers lists' : `${need} of these`} would have to sign${people === '' ? '' : `: ${people}`}.`,
        ]
  return [
    `Run ${runId} waits at ${gate.gate}.`,
    ...sentences,
    page === null ? `A person runs: ${command}` : `A person opens: ${page}`,
  ]
}
