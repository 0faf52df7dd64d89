import { z } from 'zod'
import { UPGRADED } from './history.ts'
import type { HistoryEntry } from './history-entry.ts'
import type { Json } from './json.ts'

const sourceFile = z.object({
  /** Its path from the folder of the module, with `/`. */
  file: z.string(),
  /** `sha256:<64 hex>` of its bytes. */
  digest: z.string(),
})

/** A file of the module of a user's own machine: the module itself, or one that it imports by a relative path. */
export type SourceFile = z.infer<typeof sourceFile>

/** What a start or an upgrade records of the source of a machine. */
export const sourceReading = ({ source }: { source?: SourceFile[] }): { [key: string]: Json } =>
  source === undefined ? {} : { moduleSource: source }

/**
 * Finds the source under which a run continues: the one recorded with its newest upgrade, else with its start. Null for a machine that
 * ships, and where an earlier version of Cutter recorded none.
 */
export function findModuleSource(history: HistoryEntry[]): SourceFile[] | null {
  const entry = history.findLast(({ event }) => event.type === UPGRADED) ?? history[0]
  return z.array(sourceFile).safeParse(entry?.event.moduleSource).data ?? null
}
