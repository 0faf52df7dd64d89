import type { App } from '../../app/open-app.ts'
import type { Home } from '../../app/open-home.ts'
import { MACHINE_NAMES } from '../../builtin/registry.ts'
import { CutterError } from '../../domain/errors.ts'
import { isSameName } from '../../domain/person-names.ts'
import { findTokenFault, type Role } from '../../domain/token.ts'
import { assertNoSecretWords } from '../../engine/check-secrets.ts'
import { assertLabel, assertOperator } from '../../engine/operators.ts'
import { assertRole } from '../access/assert-role.ts'
import { assertUnlimited, isTokenInScope } from '../access/scope.ts'
import { parseDuration } from '../duration.ts'
import { findRunId } from '../runs/find-run.ts'
import { issueToken } from './issue-token.ts'
import { type TokenAnswer, tokenAnswer } from './token-answer.ts'

/** A token that nobody renews stops counting. */
const MAX_DAYS = 366

export interface CreateTokenInput {
  /** The label by which histories name whoever uses the token. */
  name: string
  role: Role
  /** A duration such as `12h` or `30d`; at most 366d. */
  expires: string
  /** The machines whose runs it reaches; left out: all. */
  machines?: string[] | undefined
  /** Makes a read-only link to the gate at which this run waits now, else to the run: its id or a unique prefix or suffix. */
  run?: string | undefined
  /** Label of the operator. */
  by?: string | undefined
}

export interface CreatedToken extends TokenAnswer {
  /** The token itself. It is answered once, and kept nowhere. */
  token: string
}

/**
 * Makes a token for a caller of the service.
 * @throws USAGE when name or duration is not valid, or a link has more than the role viewer; MACHINE_NOT_FOUND, RUN_NOT_FOUND
 * @throws INPUT_REFUSED when the name has a token that counts; OPERATOR_REFUSED
 * @throws ACCESS_REFUSED also when it would reach more than the caller's own token
 */
export async function createToken(home: Home, given: CreateTokenInput): Promise<CreatedToken> {
  assertRole(home, 'make tokens')
  const app = await home.app()
  const { deps } = app
  assertNoSecretWords(deps, { '--name': given.name, '--by': given.by })
  const name = assertLabel(given.name, '--name')
  const now = deps.clock.now()
  const ends = now.getTime() + parseDuration(given.expires, '--expires', MAX_DAYS)
  assertLinkReads(given)
  for (const machine of given.machines ?? []) assertKnownMachine(app, machine)
  const runId = given.run === undefined ? null : await findRunId(home, given.run)
  const machines = given.machines ?? null
  if (!(await isTokenInScope(home, { machines, runId }))) assertUnlimited(home, 'make one that reaches more')
  await assertNameIsFree(app, name, now)
  const createdBy = assertOperator(deps, given.by)
  const { token, kept } = await issueToken(app, { name, role: given.role, machines, runId, createdBy, ends })
  return { ...tokenAnswer(kept, now), token }
}

function assertLinkReads({ run, role, machines }: CreateTokenInput): void {
  if (run === undefined || (role === 'viewer' && machines === undefined)) return
  throw new CutterError('USAGE', 'a token for one run only reads that run; nothing was made', {
    next: 'with --run give --role viewer and no --machines',
  })
}

function assertKnownMachine({ config }: App, machine: string): void {
  const known = [...MACHINE_NAMES, ...Object.keys(config.machines)]
  if (known.includes(machine)) return
  throw new CutterError('MACHINE_NOT_FOUND', `there is no machine ${machine}; nothing was made`, {
    next: `known machines are ${known.join(', ')}`,
  })
}

/** A name is one operator, and four eyes count names. So two people never get the same one at the same time. */
async function assertNameIsFree({ store }: App, name: string, now: Date): Promise<void> {
  const same = (await store.tokens()).find(
    (token) => isSameName(token.name, name) && findTokenFault(token, now) === null,
  )
  if (same === undefined) return
  throw new CutterError(
    'INPUT_REFUSED',
    `${same.name} has a token already, ${same.tokenId}; nothing was made`,
    {
      next: `revoke it first (cutter token revoke ${same.tokenId}), or give another --name`,
    },
  )
}
