import type { Statement } from '../../domain/approval.ts'
import type { HistoryEntry } from '../../domain/history-entry.ts'
import type { NamedEvidence } from '../../domain/history-facts.ts'
import { byCodeUnit } from './paths.ts'

/** What format 1 reads from statements and histories, which were checked before. */

export const UPGRADED = 'cutter.upgraded'
export const CLOSEOUT_NAMESPACE = 'cutter.closeout'

export const namespaceOf = (machine: string, gate: string) => `cutter.${machine}.${gate}`

export const readStatement = (text: string) => JSON.parse(text) as Statement

export function usedSeqOf(history: HistoryEntry[], approvalId: string): number | null {
  return history.find(({ event }) => event.approvalUsed === approvalId)?.seq ?? null
}

export function evidenceNamedIn(history: HistoryEntry[]): NamedEvidence[] {
  return history.flatMap(({ seq, event, snapshotDigest }, index) => {
    const names = { ...(event.evidence as { [name: string]: string } | undefined) }
    if (event.type === UPGRADED && index > 0) {
      names['snapshot/before-upgrade'] = history[index - 1]!.snapshotDigest
      names['snapshot/upgraded'] = snapshotDigest
    }
    return Object.keys(names)
      .sort(byCodeUnit)
      .map((name) => ({ seq, name, digest: names[name]! }))
  })
}

/** The principal of a public key's line; null when the line is not an instance's. */
export function signerIn(publicKey: string): string | null {
  return /^(\S+ \S+ (cutter-instance@[A-Za-z0-9.-]{1,64}))\n?$/.exec(publicKey)?.[2] ?? null
}

/** A word that can be pasted into a POSIX shell as it is. */
export function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`
}
