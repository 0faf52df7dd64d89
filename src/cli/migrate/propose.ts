import type { Command } from 'commander'
import { countWords } from '../../domain/count-words.ts'
import type { ProposedBundles } from '../../service/migrations/propose.ts'
import { printAnswer } from '../answers.ts'
import { action, defineCommand, type GlobalOptions } from '../define-command.ts'
import { inHome } from '../session.ts'

/** `cutter migrate propose`: rehearses migrations on a copy of their target, and writes the expectations into bundle.yaml. */
export function definePropose(group: Command): void {
  defineCommand(
    group,
    'propose',
    'rehearse on a copy of the target and write the expectations into bundle.yaml',
    'cutter migrate propose migrations/units-review --target shop',
  )
    .argument(
      '<folder...>',
      'the folders of migration bundles, whose bundle.yaml is written; several are rehearsed in order, on one copy',
    )
    .option('--target <name>', 'the database to copy, by its name in cutter.yaml', 'embedded')
    .option('--fresh', 'take a new copy, even if an earlier one of the same schema is there')
    .action(action(propose))
}

type Options = GlobalOptions & { target: string; fresh?: boolean }

function propose(folders: string[], options: Options): Promise<number> {
  return inHome(options, async ({ home, io }) => {
    const { proposeBundles } = await import('../../service/migrations/propose.ts')
    const { target, fresh = false } = options
    const proposed = await proposeBundles(home, {
      folders,
      target,
      fresh,
      onProgress: (text) => {
        if (io.watched) io.err(text)
      },
    })
    printAnswer(io, proposed, () => linesOf(proposed))
    return 0
  })
}

function linesOf({ target, copy, restore, bundles }: ProposedBundles): string[] {
  return [
    `rehearsed on a copy of ${target} of ${copy.takenAt}${copy.reused ? ', which was there' : ''} (${copy.backup})`,
    ...bundles.flatMap(linesOfBundle),
    ...(restore === undefined ? [] : linesOfRestore(restore)),
    `next: read them, because they say what was seen and not what was meant; then cutter run start migrate --bundle ${bundles[0]!.bundle} --target ${target}`,
  ]
}

/** As the plan has it under *How to restore the backup*. */
const linesOfRestore = ({ because, commands }: NonNullable<ProposedBundles['restore']>): string[] => [
  'pg_restore alone does not restore this backup:',
  ...because.map((line) => `  ${line}`),
  'these commands restore it into an empty database:',
  ...commands.map((line) => `  ${line}`),
]

function linesOfBundle(proposed: ProposedBundles['bundles'][number]): string[] {
  const { bundle, made, deviations, expect, sideEffects } = proposed
  const { added, removed, changed } = expect.schema
  const counted = (what: string, names: string[]) => names.map((name) => `  ${what} ${name}`)
  return [
    ...counted('adds', added),
    ...counted('removes', removed),
    ...counted('changes', changed),
    ...Object.entries(expect.rows).map(
      ([table, { inserted, updated, deleted }]) =>
        `  ${table}: ${countWords(inserted)} rows inserted, ${countWords(updated)} updated, ${countWords(deleted)} deleted`,
    ),
    ...sideEffects.map(({ what, table, columns }) => `  ${table}.${columns.join(', ')}: ${what}`),
    ...deviations.map((line) => `  accepted in advance: ${line}`),
    ...(made.length === 0 ? [] : [`made what was missing: ${made.join(', ')}`]),
    `wrote the expectations into ${bundle}/bundle.yaml`,
  ]
}
