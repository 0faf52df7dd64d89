import { CutterError } from '../domain/errors.ts'
import { listOperators } from '../domain/history-facts.ts'
import type { Json } from '../domain/json.ts'
import { cleanName, isReservedName, isSameName } from '../domain/person-names.ts'
import type { Run } from '../domain/run.ts'
import type { EngineDeps } from './engine-deps.ts'

/** The source of an operator's label: the operator, cutter.yaml by the user id of the process, or the token that the caller brought. */
type Declared = 'self' | 'config' | 'token'

/** Tells where the label of an operator comes from. */
export function operatorDeclaredBy(
  deps: Pick<Identity, 'operators' | 'tokenName' | 'isOwnersToken'>,
): Declared {
  if (isNamedByToken(deps)) return 'token'
  return deps.operators === undefined ? 'self' : 'config'
}

/** How a call came in, for the entry that it leaves: nothing for commands and the API, which persons and programs use. */
export const throughOf = ({ through }: Pick<EngineDeps, 'through'>): { [field: string]: Json } =>
  through === undefined ? {} : { through }

type Identity = Pick<EngineDeps, 'operators' | 'uid' | 'osUser' | 'tokenName' | 'isOwnersToken'>

/**
 * The owner's token proves a user id, because nobody else can read it. So with `operators` the owner is by that token who the owner is without
 * a service: four eyes counts the same name, and an owner who is no operator is none by another door.
 */
const isNamedByToken = ({
  tokenName,
  isOwnersToken,
  operators,
}: Pick<Identity, 'operators' | 'tokenName' | 'isOwnersToken'>) =>
  tokenName !== undefined && !(isOwnersToken === true && operators !== undefined)

/**
 * Returns the label of the operator, without invisible characters and needless white space. A caller with a token is the operator of that
 * name, but for the home's owner. Else, with `operators` in cutter.yaml, the user id alone decides. In both cases a given label (`--by`) may
 * only repeat it.
 * Otherwise the label is as given, or else the name of the OS user.
 * @throws OPERATOR_REFUSED when the user id is not mapped, or the label belongs to another operator
 * @throws USAGE when the label is blank or reserved
 */
export function assertOperator(identity: Identity, given: string | undefined): string {
  const { operators, uid, osUser, tokenName } = identity
  const label = given === undefined ? undefined : assertLabel(given, '--by')
  if (isNamedByToken(identity)) return assertOwnName(tokenName!, label)
  if (operators === undefined) return label ?? assertLabel(osUser, 'the name of the OS user')
  const mapped = Object.keys(operators).find((label) => uid != null && operators[label] === `uid:${uid}`)
  if (mapped === undefined) {
    const known = Object.entries(operators).map(([label, id]) => `${label} (${id})`)
    throw new CutterError(
      'OPERATOR_REFUSED',
      `user id ${uid ?? 'unknown'} (${osUser}) is not an operator here: cutter.yaml names ${known.join(', ') || 'nobody'}; nothing was changed`,
      {
        next: `have one of them do it, or have the owner of cutter.yaml add: operators: { <label>: uid:${uid ?? '<n>'} }`,
      },
    )
  }
  if (label !== undefined && !isSameName(label, mapped)) {
    throw new CutterError(
      'OPERATOR_REFUSED',
      `--by ${label} is not the operator of this process: in cutter.yaml user id ${uid} is ${mapped}; nothing was changed`,
      { next: `leave --by out, or: --by ${mapped}` },
    )
  }
  return mapped
}

function assertOwnName(tokenName: string, label: string | undefined): string {
  if (label === undefined || isSameName(label, tokenName)) return tokenName
  throw new CutterError(
    'OPERATOR_REFUSED',
    `${label} is not the name of the caller's token, which is ${tokenName}; nothing was changed`,
    { next: `leave the operator out, or name ${tokenName}` },
  )
}

/**
 * Returns the label of somebody who stops something, which anybody may do who reaches the store: as given, or else the name of the OS user.
 * A caller with a token has the name of that token.
 * @throws USAGE when the label is blank or reserved, OPERATOR_REFUSED when it is not the name of the caller's token
 */
export function assertAnyone(identity: Identity, given: string | undefined): string {
  const { tokenName, osUser } = identity
  if (given === undefined) return tokenName ?? osUser
  const label = assertLabel(given, '--by')
  return tokenName === undefined ? label : assertOwnName(tokenName, label)
}

/**
 * Returns a label in the form in which it is recorded.
 * @throws USAGE when it is blank or reserved
 */
export function assertLabel(given: string, what: string): string {
  const label = cleanName(given)
  const why = label === '' ? 'is blank' : isReservedName(label) ? 'is a name of Cutter itself' : null
  if (why === null) return label
  throw new CutterError(
    'USAGE',
    `${what} ${JSON.stringify(given)} is not a valid label: it ${why}; nothing was changed`,
    {
      next: 'name the operator: --by <label>, such as deploybot',
    },
  )
}

/** Lists everyone who started or moved the run so far. */
export async function readOperators({ store }: Pick<EngineDeps, 'store'>, run: Run): Promise<string[]> {
  return listOperators(await store.history(run.runId), run.osUser)
}
