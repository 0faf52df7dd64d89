import {
  findAbandonment,
  KNOWN_OF_WRITE,
  listBegunWrites,
  listMissingWrites,
} from '../domain/begun-writes.ts'
import type { HistoryEntry } from '../domain/history-entry.ts'
import type { Json } from '../domain/json.ts'
import { code, type Markdown, md } from '../domain/markdown.ts'
import type { Run } from '../domain/run.ts'

/** The unsettled writes of an abandoned run, as its closing entry lists them. */
export const listedWrites = (history: HistoryEntry[]) =>
  (findAbandonment(history)?.unsettledWrites ?? []) as unknown as Json

/** What writes left in the world, as the history shows: each write that was begun, and what is known of it. */
export function whatStays(
  { mode, outcome }: Run,
  history: HistoryEntry[],
): { left: boolean; lines: Markdown[] } {
  const lines = listBegunWrites(history).map(({ effect, committed, ran, seq }) =>
    committed === 'yes'
      ? md`${code(effect)} was done (${ran ?? 'probe'}), entry ${seq}.`
      : md`Whether ${code(effect)} was done is not known, entry ${seq}${outcome === 'abandoned' ? '' : '; resuming asks the target'}.`,
  )
  const listed = findAbandonment(history)?.unsettledWrites ?? []
  for (const { phase, seq, attempt, known } of listed.filter(
    (write) => write.known === KNOWN_OF_WRITE.inFlight,
  ))
    lines.push(md`${code(phase)}, asked for in entry ${seq} (attempt ${attempt}): ${known}.`)
  const missing = listMissingWrites(history).map(
    ({ effect, seq }) =>
      md`${code(effect)} was started; the target answered in entry ${seq} that it was not committed.`,
  )
  if (lines.length > 0 && outcome === 'rolled-back') {
    lines.push(md`The last of these took the others back; its own report says what remains.`)
    return { left: false, lines }
  }
  if (lines.length > 0) return { left: true, lines: [...lines, ...missing] }
  if (missing.length > 0) return { left: false, lines: missing }
  const why = mode === 'live' ? 'no write was done' : 'this was a dry run, and no write was done for real'
  return { left: false, lines: [md`Nothing of what was planned: ${why}.`] }
}
