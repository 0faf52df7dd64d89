import type { Client } from 'pg'
import type { FencingToken } from '../../domain/effect.ts'
import { Stop } from '../../domain/errors.ts'
import type { Target, TargetCaller, TargetWriter } from '../target.ts'
import { grantDifferences, readGrantFacts } from './grant-facts.ts'
import { statementLimitMs, type TargetRole, WRITE_IDLE_MS, withSession } from './pg-session.ts'
import { readOtherGuards } from './read-other-guards.ts'
import { readSurvey } from './read-survey.ts'
import { withRetries } from './retries.ts'
import { readSchemaState } from './target-schema.ts'
import { findTargetStop } from './target-stops.ts'
import { inReadOnlyTransaction, inTransaction } from './transactions.ts'

/** The way to a target. */
export interface TargetAccess {
  name: string
  /** Returns the URL of a role at the moment of use. Throws if it is not available. */
  url(role: TargetRole): string
  expectedGrantMatrixDigest: string
  /** The next step for a database without Cutter's schema. */
  toPrepare: string
  /** Explains a connection error, if it has a special meaning for this target. */
  explain?(error: unknown): Stop | null
}

/** Opens a target with three logins. Each transaction has its own connection, so that none outlives its phase. */
export function openTarget(access: TargetAccess): Target {
  async function session<T>(
    role: TargetRole,
    context: TargetCaller,
    work: (client: Client) => Promise<T>,
    kind: 'read' | 'write' = 'read',
  ): Promise<T> {
    const { runId, signal } = context
    const options = {
      applicationName: `cutter ${runId}`,
      signal,
      readOnly: role === 'reader',
      statementTimeoutMs: statementLimitMs(context),
      idleInTransactionMs: kind === 'write' ? WRITE_IDLE_MS : undefined,
    }
    try {
      return await withRetries(kind, signal, () => withSession(access.url(role), options, work))
    } catch (error) {
      throw access.explain?.(error) ?? findTargetStop(error, access.name, role) ?? error
    }
  }

  async function read<T>(
    role: 'reader' | 'verifier',
    context: TargetCaller,
    work: (client: Client) => Promise<T>,
  ): Promise<T> {
    const { value, transactionId } = await session(role, context, (client) =>
      inReadOnlyTransaction(client, work),
    )
    if (transactionId !== null) throw mutationError(access.name, role, transactionId)
    return value
  }

  return {
    name: access.name,
    expectedGrantMatrixDigest: access.expectedGrantMatrixDigest,
    async survey(context, document) {
      const surveyed = await read('reader', context, async (client) => {
        await assertSchema(client, access)
        return readSurvey(client, document)
      })
      return { survey: surveyed, transactionId: null }
    },
    surveyWithin: (sql, document) => readSurvey(sql as Client, document),
    otherGuards: (context) => read('reader', context, readOtherGuards),
    async grantFacts(context) {
      const facts = await read('reader', context, readGrantFacts)
      return { facts, wrong: grantDifferences(facts) }
    },
    read,
    write: (role, context, work) =>
      session(role, context, (client) => inTransaction(client, fenced(context, work)), 'write'),
    rehearse: (role, context, work) =>
      session(role, context, (client) => rehearseWork(client, fenced(context, work))),
  }
}

/** Takes the token before anything else. Its row stays locked until the transaction ends, so that two processes of a run never overlap. */
const fenced =
  <T>({ token }: TargetWriter, work: (client: Client) => Promise<T>) =>
  async (client: Client): Promise<T> => {
    const { rowCount } = await client.query(
      `insert into cutter_fencing.token as t (run, seq, attempt) values ($1, $2, $3)
       on conflict (run) do update set seq = excluded.seq, attempt = excluded.attempt, taken_at = now()
       where (t.seq, t.attempt) <= (excluded.seq, excluded.attempt)`,
      [token.run, token.seq, token.attempt],
    )
    if (rowCount === 0) throw fencedError(token)
    return work(client)
  }

const fencedError = ({ run, seq, attempt }: FencingToken) =>
  new Stop(
    'STOP_FENCED',
    `the target has seen a later attempt of run ${run} than ${seq}.${attempt}; this attempt does not write`,
    {
      next: 'cutter run show <run>; where another process or a newer copy of the store continued the run, work with that one',
    },
  )

/** Runs work in a transaction that is checked as at commit and rolled back. */
async function rehearseWork<T>(client: Client, work: (client: Client) => Promise<T>): Promise<T> {
  await client.query('begin')
  try {
    const value = await work(client)
    // Deferred constraints fire at commit, which never happens here. So they are checked now.
    await client.query('set constraints all immediate')
    return value
  } finally {
    await client.query('rollback').catch(() => undefined)
  }
}

function mutationError(target: string, role: TargetRole, transactionId: string): Stop {
  return new Stop(
    'STOP_MUTATION_DETECTED',
    `target ${target} gave the ${role}'s read-only session the transaction id ${transactionId}`,
    {
      next: 'a role or a function of the target allows the reader to write; check its grants with cutter target survey',
    },
  )
}

async function assertSchema(client: Client, { name, toPrepare }: TargetAccess): Promise<void> {
  const state = await readSchemaState(client)
  if (state === 'ours') return
  const what = {
    absent: 'does not have Cutter’s schema',
    older: 'was prepared by an earlier version of Cutter, and lacks schemas that this one needs',
    foreign: 'already has tables with Cutter’s names that Cutter did not create',
  }[state]
  throw new Stop('STOP_TARGET_REFUSED', `target ${name} ${what}; nothing was changed`, { next: toPrepare })
}
