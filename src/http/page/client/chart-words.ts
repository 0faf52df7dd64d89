import { isExplained, phaseWords } from './phase-words.ts'

/** Events that lead from one milestone to another. */
const EVENTS: { [event: string]: string } = {
  APPROVE: 'approved',
  REJECT: 'rejected',
  VOID: 'voided',
  CANCEL: 'cancelled',
  RETRY: 'resumed',
}

/** The label of a way as it is drawn, where there is room for few words. */
export const labelWords = (label: string) => EVENTS[label] ?? label.replaceAll('_', ' ')

/** What the phases of a chart do: how each is drawn, its words and its name. Each phase once, in the order of the chart. */
export function phasesOf(machine: string, labels: string[]): { drawn: string; does: string; name: string }[] {
  return [...new Set(labels.map((label) => label.replace(/ fails$/, '')))]
    .filter((name) => isExplained(machine, name))
    .map((name) => ({ drawn: labelWords(name), does: phaseWords(machine, name), name }))
}
