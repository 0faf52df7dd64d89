import type { Outcome, Run } from '../domain/run.ts'
import type { Tone } from './line.ts'

/** How a run stands, at a glance: a sign, a word and a tone that say the same. */
export interface Glance {
  sign: string
  word: string
  tone: Tone | 'dim'
}

const ENDS: { [outcome in Outcome]: Omit<Glance, 'word'> } = {
  succeeded: { sign: '✓', tone: 'good' },
  failed: { sign: '✗', tone: 'trouble' },
  abandoned: { sign: '✗', tone: 'trouble' },
  'rolled-back': { sign: '↩', tone: 'dim' },
  rejected: { sign: '–', tone: 'dim' },
  cancelled: { sign: '–', tone: 'dim' },
  voided: { sign: '–', tone: 'dim' },
}

/** How a run stands. `isHeld`: a hold binds it. */
export function glanceOf(
  { status, outcome, gate }: Pick<Run, 'status' | 'outcome' | 'gate'>,
  isHeld: boolean,
): Glance {
  if (outcome !== null) return { ...ENDS[outcome], word: outcome }
  // An entry away from an arrival names no gate.
  const word = {
    paused: gate === null ? 'waits' : `waits ${gate}`,
    stopped: 'stopped',
    working: 'works',
    closed: 'closed',
  }[status]
  const held = isHeld ? `${word}, held` : word
  if (status === 'paused') return { sign: '‖', word: held, tone: 'waiting' }
  if (status === 'stopped') return { sign: '!', word: held, tone: 'trouble' }
  return { sign: '▶', word: held, tone: 'busy' }
}

/** The part of a run's id that finds it: its last eight characters are random. */
export const shortId = (runId: string) => (/-[0-9a-f]{8}$/.test(runId) ? runId.slice(-8) : runId)

const RUN_ID = /\b[a-z]+(?:-[a-z0-9]+)*-\d{8}T\d{6}Z-([0-9a-f]{8})\b/g

const shortRunIds = (text: string): string => text.replace(RUN_ID, '$1')

/** A line with the ids of runs cut in the commands that it names; elsewhere, as in a path, an id is complete. */
export const withShortCommands = (line: string): string => (/\bcutter /.test(line) ? shortRunIds(line) : line)

/** A text with the ids of runs cut to the part that finds them, and commits and digests to what people compare. */
export const shortIds = (text: string): string =>
  shortRunIds(text).replace(/\b([0-9a-f]{8})[0-9a-f]{24,56}\b/g, '$1')
