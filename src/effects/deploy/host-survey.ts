import { CommandFailed, type HostSession } from './host-session.ts'
import type { DeployPaths } from './paths.ts'
import * as look from './read-commands.ts'

/** What a host is and what must not change on it, as it was found. All of it comes from commands that only look. */

export interface HostFacts {
  hostname: string
  os: string
  kernel: string
  machine: string
  machineId: string
  user: string
  uid: string
  /** How far the host's clock is ahead of ours, in seconds. */
  clockAheadSeconds: number
}

/** A tree that must stay as it is, to the byte. */
export interface Anchor {
  path: string
  present: boolean
  treeHash: string
  shapeHash: string
  files: number
  owner: string
  modifiedAt: string
  gitHead: string
  gitClean: string
  /** What could not be read, so that the anchor doesn't cover it; empty when it covers all. */
  unread: string
}

/** Lines, or why there are none: the host has no tool that tells. */
export type SystemState = { [part in look.SystemPart]: string[] | 'not available' }

export interface Anchors {
  previous: Anchor[]
  /** The parent's own entries, a line each. */
  listing: string[]
  system: SystemState
}

export async function surveyFacts(hand: HostSession, now: () => Date): Promise<HostFacts> {
  const before = now().getTime()
  const found = look.parsePairs(await hand.text(look.readFacts()))
  const middle = (before + now().getTime()) / 2000
  const {
    hostname = '',
    os = '',
    kernel = '',
    machine = '',
    machineId = '',
    user = '',
    uid = '',
    time = '0',
  } = found
  return {
    hostname,
    os,
    kernel,
    machine,
    machineId,
    user,
    uid,
    clockAheadSeconds: Math.round(Number(time) - middle),
  }
}

/** A folder of a hundred thousand entries. */
const MOST = 16 * 1024 * 1024

export async function surveyAnchors(hand: HostSession, place: DeployPaths): Promise<Anchors> {
  const previous: Anchor[] = []
  for (const path of place.previous) previous.push(await anchorOf(hand, path))
  const listed = await hand.run(look.listFolder(place.parent, ...place.ours), { maxOutputBytes: MOST })
  const system = systemIn(await hand.text(look.readSystem()))
  return { previous, listing: linesOf(listed.stdout.toString('utf8')), system }
}

function systemIn(text: string): SystemState {
  const found = Object.fromEntries(look.SYSTEM_PARTS.map((part) => [part, 'not available'])) as SystemState
  let part: look.SystemPart | undefined
  for (const line of linesOf(text)) {
    const [, name, missing] = /^\[([a-z-]+)\]( not available)?$/.exec(line) ?? []
    if (name !== undefined) {
      part = name as look.SystemPart
      found[part] = missing === undefined ? [] : 'not available'
    } else if (part !== undefined) (found[part] as string[]).push(line)
  }
  return found
}

const linesOf = (text: string) => text.split('\n').filter((line) => line !== '')

async function anchorOf(hand: HostSession, path: string): Promise<Anchor> {
  const command = look.readAnchor(path)
  const result = await hand.run(command)
  const { exitCode, stdout, stderr } = result
  if (exitCode !== 0 && exitCode !== look.NO_FOLDER) throw new CommandFailed(command, result)
  const found = look.parsePairs(stdout.toString('utf8'))
  const {
    treeHash = '',
    shapeHash = '',
    files = '0',
    owner = '',
    modifiedAt = '',
    gitHead = '',
    gitClean = '',
  } = found
  return {
    path,
    present: exitCode === 0,
    treeHash,
    shapeHash,
    files: Number(files),
    owner,
    modifiedAt,
    gitHead,
    gitClean,
    unread: exitCode === 0 ? (stderr.toString('utf8').trim().split('\n')[0] ?? '').slice(0, 300) : '',
  }
}

/** What differs between two looks at the same things, a line each; `strict` holds what the deploy answers for. */
export function compareAnchors(
  before: Anchors,
  after: Anchors,
  tolerate: string[],
): { strict: string[]; tolerated: string[] } {
  const strict = before.previous.flatMap((was, index) => describeAnchorChanges(was, after.previous[index]))
  const tolerated: string[] = []
  const take = (part: string, lines: string[]) =>
    (tolerate.includes(part) ? tolerated : strict).push(...lines)
  take('parent-listing', changedLines('the parent folder', before.listing, after.listing))
  for (const part of look.SYSTEM_PARTS) {
    const [was, is] = [before.system[part], after.system[part]]
    if (was === 'not available' || is === 'not available') continue
    take(part, changedLines(part, was, is))
  }
  return { strict, tolerated }
}

export function describeAnchorChanges(was: Anchor, is: Anchor | undefined): string[] {
  if (is === undefined || is.present !== was.present)
    return [`${was.path} ${was.present ? 'is gone' : 'has appeared'}`]
  const fields = ['treeHash', 'shapeHash', 'files', 'owner', 'modifiedAt', 'gitHead', 'gitClean'] as const
  return fields
    .filter((field) => was[field] !== is[field])
    .map((field) => `${was.path}: ${field} was ${was[field]}, is ${is[field]}`)
}

function changedLines(what: string, before: string[], after: string[]): string[] {
  const [was, is] = [new Set(before), new Set(after)]
  return [
    ...after
      .filter((line) => !was.has(line))
      .map((line) => `${what}: appeared: ${line.replaceAll('\t', ' ')}`),
    ...before.filter((line) => !is.has(line)).map((line) => `${what}: gone: ${line.replaceAll('\t', ' ')}`),
  ]
}
