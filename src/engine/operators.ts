import { CutterError } from '../domain/errors.ts'
import { ENGINE, listOperators } from '../domain/history-facts.ts'
import type { Run } from '../domain/run.ts'
import type { EngineDeps } from './engine-deps.ts'

/** Who vouches for an operator's label: the operator, or cutter.yaml by the process's user id. */
export type Declared = 'self' | 'config'

export const operatorDeclaredBy = ({ operators }: Pick<EngineDeps, 'operators'>): Declared =>
  operators === undefined ? 'self' : 'config'

/**
 * The label under which this process operates. With `operators` configured the user id alone decides, and a label that was
 * given (`--by`) may only repeat it; without, the label is the operator's own word, or else the name of the OS user.
 * Throws OPERATOR_REFUSED for a user id that is not mapped or a label that is another's, USAGE for a label that can't be one.
 */
export function assertOperator(
  { operators, uid, osUser }: Pick<EngineDeps, 'operators' | 'uid' | 'osUser'>,
  given: string | undefined,
): string {
  if (given !== undefined && (given.trim() === '' || given === ENGINE)) {
    const why = given === ENGINE ? 'is what Cutter calls itself in a history' : 'is blank'
    throw new CutterError('USAGE', `--by "${given}" names nobody: it ${why}; nothing was done`)
  }
  if (operators === undefined) return given ?? osUser
  const mapped = Object.keys(operators).find((label) => uid != null && operators[label] === `uid:${uid}`)
  if (mapped === undefined) {
    const known = Object.entries(operators).map(([label, id]) => `${label} (${id})`)
    throw new CutterError(
      'OPERATOR_REFUSED',
      `user id ${uid ?? 'unknown'} (${osUser}) operates nothing here: cutter.yaml names ${known.join(', ') || 'nobody'}; nothing was done`,
      {
        next: `have one of them do it, or have the owner of cutter.yaml add: operators: { <label>: uid:${uid ?? '<n>'} }`,
      },
    )
  }
  if (given !== undefined && given !== mapped) {
    throw new CutterError(
      'OPERATOR_REFUSED',
      `--by ${given} is not who runs this: by cutter.yaml user id ${uid} is ${mapped}; nothing was done`,
      { next: `leave --by out, or: --by ${mapped}` },
    )
  }
  return mapped
}

/** Everyone who started or moved the run so far. */
export async function readOperators({ store }: Pick<EngineDeps, 'store'>, run: Run): Promise<string[]> {
  return listOperators(await store.history(run.runId), run.osUser)
}
