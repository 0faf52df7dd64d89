import type { Client } from 'pg'
import type { EffectContext } from '../../domain/effect.ts'
import { Stop } from '../../domain/errors.ts'
import { readSurvey } from '../survey.ts'
import type { Target } from '../target.ts'
import { grantDifferences, readGrantFacts } from './grant-facts.ts'
import {
  findTargetStop,
  inReadOnlyTransaction,
  inTransaction,
  type TargetRole,
  withSession,
} from './pg-session.ts'
import { readSchemaState } from './target-schema.ts'

export interface TargetAccess {
  name: string
  /** Gives the URL of a role at the moment of use; throws where it is not to be had. */
  url(role: TargetRole): string
  expectedGrantMatrixDigest: string
  /** What a person must do where the database lacks our schema. */
  toPrepare: string
  /** What an error of connecting means here, where that is more than it means elsewhere. */
  explain?(error: unknown): Stop | null
}

type Asking = Pick<EffectContext, 'runId' | 'signal'>

/** A target over three logins. Every transaction gets a connection of its own, so that none outlives its phase. */
export function openTarget(access: TargetAccess): Target {
  async function session<T>(
    role: TargetRole,
    context: Asking,
    work: (client: Client) => Promise<T>,
    nothingKept = true,
  ): Promise<T> {
    const { runId, signal } = context
    const options = { applicationName: `cutter ${runId}`, signal, readOnly: role === 'reader' }
    try {
      return await withSession(access.url(role), options, work)
    } catch (error) {
      throw access.explain?.(error) ?? findTargetStop(error, access.name, role, nothingKept) ?? error
    }
  }

  async function read<T>(
    role: 'reader' | 'verifier',
    context: Asking,
    work: (client: Client) => Promise<T>,
  ): Promise<T> {
    const { value, transactionId } = await session(role, context, (client) =>
      inReadOnlyTransaction(client, work),
    )
    if (transactionId === null) return value
    throw new Stop(
      'STOP_MUTATION_DETECTED',
      `target ${access.name} gave the ${role}'s read-only session the transaction id ${transactionId}`,
      {
        next: 'a role or a function of the target lets a reader write; look at its grants with cutter target survey',
      },
    )
  }

  return {
    name: access.name,
    expectedGrantMatrixDigest: access.expectedGrantMatrixDigest,
    async survey(context, document) {
      const surveyed = await read('reader', context, async (client) => {
        await refuseForeignSchema(client, access)
        return readSurvey(client, document)
      })
      return { survey: surveyed, transactionId: null }
    },
    surveyWithin: (sql, document) => readSurvey(sql as Client, document),
    async grantFacts(context) {
      const facts = await read('reader', context, readGrantFacts)
      return { facts, wrong: grantDifferences(facts) }
    },
    read,
    write: (role, context, work) => session(role, context, (client) => inTransaction(client, work), false),
    rehearse: (role, context, work) =>
      session(role, context, async (client) => {
        await client.query('begin')
        try {
          const value = await work(client)
          // Deferred constraints fire at commit, which never comes: ask for them now.
          await client.query('set constraints all immediate')
          return value
        } finally {
          await client.query('rollback').catch(() => undefined)
        }
      }),
  }
}

async function refuseForeignSchema(client: Client, { name, toPrepare }: TargetAccess): Promise<void> {
  const state = await readSchemaState(client)
  if (state === 'ours') return
  const what = state === 'absent' ? 'has no schema of ours' : 'has tables of our names that are not ours'
  throw new Stop('STOP_TARGET_REFUSED', `target ${name} ${what}; nothing was touched`, { next: toPrepare })
}
