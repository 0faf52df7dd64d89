import type { Command } from 'commander'
import type { ProposedBundle } from '../../service/migrations/propose.ts'
import { printAnswer } from '../answers.ts'
import { action, defineCommand, type GlobalOptions } from '../define-command.ts'
import { inHome } from '../session.ts'

/** `cutter migrate propose`: rehearses a migration on a copy of its target, and writes the expectations into bundle.yaml. */
export function definePropose(group: Command): void {
  defineCommand(
    group,
    'propose',
    'rehearse on a copy of the target and write the expectations into bundle.yaml',
    'cutter migrate propose migrations/units-review --target shop',
  )
    .argument('<folder>', 'the folder of the migration bundle, whose bundle.yaml is written')
    .option('--target <name>', 'the database to copy, by its name in cutter.yaml', 'embedded')
    .option('--fresh', 'take a new copy, even if an earlier one of the same schema is there')
    .action(action(propose))
}

type Options = GlobalOptions & { target: string; fresh?: boolean }

function propose(folder: string, options: Options): Promise<number> {
  return inHome(options, async ({ home, io }) => {
    const { proposeBundle } = await import('../../service/migrations/propose.ts')
    const { target, fresh = false } = options
    const proposed = await proposeBundle(home, {
      folder,
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

function linesOf({ bundle, target, copy, expect, sideEffects }: ProposedBundle): string[] {
  const { added, removed, changed } = expect.schema
  const counted = (what: string, names: string[]) => names.map((name) => `  ${what} ${name}`)
  return [
    `rehearsed on a copy of ${target} of ${copy.takenAt}${copy.reused ? ', which was there' : ''} (${copy.backup})`,
    ...counted('adds', added),
    ...counted('removes', removed),
    ...counted('changes', changed),
    ...Object.entries(expect.rows).map(
      ([table, { inserted, updated, deleted }]) =>
        `  ${table}: ${inserted} rows inserted, ${updated} updated, ${deleted} deleted`,
    ),
    ...sideEffects.map(({ what, table, columns }) => `  ${table}.${columns.join(', ')}: ${what}`),
    `wrote the expectations into ${bundle}/bundle.yaml`,
    `next: read them, because they say what was seen and not what was meant; then cutter run start migrate --bundle ${bundle} --target ${target}`,
  ]
}
